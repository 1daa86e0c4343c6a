-- Numbers as text, and values that mean "none": "---", -9999, "NaN".
-- number() gives nil for what is no number, and a nil field is left out. Only a
-- number that means none (-9999) has to be said.
local function reading(x)
  x = number(x)
  if x ~= -9999 then return x end
end

return function(req)
  local b = req.json
  return point("air", { station = b.station }, { temp = reading(b.temp), wind = reading(b.wind), rain = reading(b.rain) })
end
