-- Rows by position: what stands where is in `columns`, once for all rows. null
-- in an array is json.null, of which numbers() makes nothing.
return function(req)
  local columns = req.json.columns
  return each(req.json.rows, function(row)
    local named = {}
    for i, name in ipairs(columns) do named[name] = row[i] end
    local at, pump = named.time or error("a row without a time"), named.pump
    named.time, named.pump = nil, nil
    return point("pump", { pump = pump }, numbers(named), time.parse(at))
  end)
end
