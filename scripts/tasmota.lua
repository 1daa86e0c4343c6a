-- Tasmota devices: each sensor of a telemetry message becomes a point
--   tasmota  tags device, sensor (AM2301, ENERGY ...), id where it has one
--            temperature, dew_point (C), pressure (hPa), humidity (%), power
--            (W), voltage (V), current (A), total, today, yesterday (kWh), and
--            all other numbers of the sensor under their names in small letters
-- ESP32, in Berry (autoexec.be), which sends all there is once a minute:
--   tasmota.add_cron("0 * * * * *", def ()
--     var http = webclient()
--     http.begin("http://GATEWAY:8580/tasmota/kitchen")
--     http.add_header("Content-Type", "application/json")
--     http.POST(tasmota.read_sensors())
--     http.close()
--   end, "moonline")
-- ESP8266, in the console, for the values wanted, and then Rule1 1:
--   Rule1 ON Tele-AM2301#Temperature DO Var1 %value% ENDON ON Tele-AM2301#Humidity
--     DO WebQuery http://GATEWAY:8580/tasmota/kitchen POST [Content-Type: application/json]
--     {"TempUnit":"C","AM2301":{"Temperature":%var1%,"Humidity":%value%}} ENDON
-- The device's Time is local; its zone goes into the route. UTC if none is said.
--   { path = "/tasmota/:device", script = "tasmota", vars = { zone = "Europe/Paris" },
--     verify = { allow = { "192.168.1.0/24" } } },

local entries = require "entries"
local units = require "units"

local function fields_of(sensor, data)
  local fields = {}
  for name, value in pairs(numbers(flatten(sensor))) do
    name = name:gsub("(%l)(%u)", "%1_%2"):lower()
    if name:find("temperature", 1, true) or name == "dew_point" then
      value = units.celsius(value, data.TempUnit)
    elseif name:find("pressure", 1, true) then
      value = units.hpa(value, data.PressureUnit)
    end
    fields[name] = value
  end
  return fields
end

return function(req)
  local data = req.json
  if not data then return nil, "this is no telemetry of Tasmota's" end
  local at = time.parse(data.Time, req.vars.zone)
  each(entries(data), function(sensor)
    if type(sensor.value) ~= "table" then return end
    local fields = fields_of(sensor.value, data)
    fields.id = nil   -- which of the sensors it is, and no value
    emit("tasmota", { device = req.params.device, sensor = sensor.key, id = sensor.value.Id }, fields, at)
  end)
end
