-- Times. time.parse takes RFC 3339 with any number of digits, "-0700", "UTC" as
-- a word, unpadded parts, and epochs in s, ms, µs, ns as number or text; all
-- else has a format. What cannot be read raises: the request is kept. Year 1 is
-- how some programs say "never".
local function time_of(x)
  if type(x) == "string" and x:find("^0001%-") then return nil end   -- never: the receipt time
  if type(x) == "string" and x:find("^%d+%.%d+%.%d+") then
    return time.strptime(x, "%d.%m.%Y %H:%M", "Europe/Berlin")
  end
  return time.parse(x)
end

return function(req)
  return each(req.json, function(reading)
    return point("t", { id = reading.id }, { v = 1 }, time_of(reading.at))
  end)
end
