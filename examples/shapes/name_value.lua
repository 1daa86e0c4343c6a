-- Lists of names and values, as sensor.community sends them: the names become
-- the keys of one table of fields.
return function(req)
  local fields = {}
  for pair in each(req.json.sensordatavalues) do
    fields[pair.value_type:lower()] = number(pair.value)
  end
  return point("air", { id = req.json.id }, fields)
end
