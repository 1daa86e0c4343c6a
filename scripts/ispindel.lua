-- iSpindel (hydrometer), and GravityMon in its format:
--   ispindel  tags device
--             angle (degrees), temperature (C), gravity (Plato or SG, as the
--             device is calibrated), battery (V), interval (s), rssi (dBm)
-- In the configuration portal: service type Generic HTTP, server address
-- GATEWAY, port 8580, path /ispindel; the token is not looked at. It sends no
-- time, and nothing again that was lost.
--   { path = "/ispindel", script = "ispindel", secrets = { "token" },
--     verify = { allow = { "192.168.1.0/24" } } },

local units = require "units"

return function(req)
  local data = req.json
  if not get(data, "name") and not get(data, "ID") then return nil, "this is no report of an iSpindel's" end
  local temperature = number(data.temperature)
  return point("ispindel", { device = data.name ~= "" and data.name or data.ID }, {
    angle = number(data.angle),
    temperature = temperature and units.celsius(temperature, data.temp_units),
    gravity = number(data.gravity), battery = number(data.battery),
    interval = number(data.interval), rssi = number(data.RSSI),
  })
end
