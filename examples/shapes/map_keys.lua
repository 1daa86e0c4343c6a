-- A map whose keys are data (serial numbers, dates): entries() makes it a list
-- of { key =, value = }, sorted, so that each() can keep the one that fails.
local entries = require "entries"

return function(req)
  return each(entries(req.json.sensors), function(sensor)
    return point("soil", { sensor = sensor.key }, { moisture = sensor.value.m + 0 }, time.parse(sensor.value.at))
  end)
end
