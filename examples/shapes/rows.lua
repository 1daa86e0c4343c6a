-- Rows by position: what stands where is in `columns`, once for all rows. null
-- in an array is json.null, which is left out like nil.
return function(req)
  local columns = req.json.columns
  return each(req.json.rows, function(row)
    local named = {}
    for i, name in ipairs(columns) do named[name] = row[i] end
    local at, pump = named.time, named.pump
    named.time, named.pump = nil, nil
    return point("pump", { pump = pump }, named, time.parse(at))
  end)
end
