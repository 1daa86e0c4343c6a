-- What senders measure in, for the scripts of weather stations and the like to
-- require: each function takes a number and gives ours. celsius and hpa also
-- take the unit where the sender says it, and raise when they do not know it:
-- 68 degrees of an unknown scale are never stored as Celsius.
local units = {}

function units.celsius(x, unit)
  if unit == "C" then return x end
  if unit == "K" then return x and round(x - 273.15, 2) end
  if unit ~= "F" then error("the temperature's unit is not C, F or K") end
  return x and round((x - 32) / 1.8, 2)
end

function units.hpa(x, unit)
  local factor = ({ hPa = 1, mbar = 1, Pa = 0.01, mmHg = 1.333224, inHg = 33.86389 })[unit]
  if not factor then error("the pressure's unit is not hPa, mmHg or inHg") end
  return x and round(x * factor, 2)
end

function units.celsius_of_fahrenheit(f) return units.celsius(f, "F") end
function units.hpa_of_inches(inches) return units.hpa(inches, "inHg") end
function units.metres_of_miles(mph) return round(mph * 0.44704, 2) end   -- a second, an hour
function units.mm_of_inches(inches) return round(inches * 25.4, 2) end

return units
