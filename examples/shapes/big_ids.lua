-- 64-bit ids, as number or as text. A whole number of JSON is exact up to int64,
-- so it is a tag as it stands; int() keeps a counter exact as a field, where a
-- plain number would become a float. Beyond int64 JSON must say it as text.
return function(req)
  local b = req.json
  if math.type(b.id) == "float" then return nil, "id: a number beyond 64 bits; send it as text" end
  return point("orders", { id = b.id }, { bytes = int(b.bytes), serial = uint(b.serial) })
end
