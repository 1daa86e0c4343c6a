-- A map whose keys are data, as a list for each(x, f), to require: { key =, value = }
-- in the order of the keys. A list in its place is an error: 1 is no key of a sender's.
return function(map)
  local list = {}
  for key, value in pairs(map or {}) do
    if type(key) ~= "string" then error("a list where names are expected") end
    list[#list + 1] = { key = key, value = value }
  end
  table.sort(list, function(a, b) return a.key < b.key end)
  return list
end
