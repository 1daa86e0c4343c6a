-- What senders measure in, for the scripts of weather stations and the like to
-- require: each function takes a number and gives ours. celsius and hpa take the
-- unit that the sender says, and raise when they do not know it: 68 degrees of
-- an unknown scale are never stored as Celsius. reader is for stations that say
-- no unit, because all of it is American.
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

local american = {   -- by what is in our name of a value
  temperature = function(x) return units.celsius(x, "F") end,
  pressure = function(x) return units.hpa(x, "inHg") end,
  wind_speed = function(x) return round(x * 0.44704, 2) end,   -- miles an hour
  rain = function(x) return round(x * 25.4, 2) end,            -- inches
}
american.dew_point, american.wind_chill = american.temperature, american.temperature
american.wind_gust = american.wind_speed

local function same(x) return x end

-- names: the station's name of each value, and ours. What it gives reads a form
-- or query into metric fields; a sensor that is not there says -9999.
function units.reader(names)
  local convert = {}
  for theirs, ours in pairs(names) do
    for quantity, to_ours in pairs(american) do
      if ours:find(quantity, 1, true) then convert[theirs] = to_ours end
    end
  end
  return function(form)
    local fields = {}
    for name, text in pairs(form) do
      local value = names[name] and number(text)
      if value and value > -999 then fields[names[name]] = (convert[name] or same)(value) end
    end
    return fields
  end
end

return units
