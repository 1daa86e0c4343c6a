-- sensor.community (airrohr firmware, ESP8266 and ESP32):
--   air  tag node: pm10, pm2_5, pm1, pm4 (ug/m3), temperature (C), humidity (%),
--        pressure (hPa), signal (dBm), and what else the node measures under its
--        own name in small letters; of two sensors for one thing the second goes
--        by its whole name: bme280_temperature
-- On the node's page: Configuration > APIs > Send data to own API, server
-- GATEWAY, path /airrohr, port 8580, user airrohr, a password. It sends no time.
--   { path = "/airrohr", script = "airrohr",
--     verify = { scheme = "basic", user = "airrohr", password = env "AIRROHR_PASSWORD" } },

local short = {   -- by the last part of a name: SDS_P1, BME280_temperature
  p0 = "pm1", p1 = "pm10", p2 = "pm2_5", p4 = "pm4",
  temperature = "temperature", humidity = "humidity", pressure = "pressure",
}

return function(req)
  local values, fields, is_taken = get(req.json, "sensordatavalues"), {}, {}
  if not values then return nil, "this is no report of a node's: it has no sensordatavalues" end
  each(values, function(item)
    local whole = item.value_type:lower()
    local quantity = whole:match("_(%w+)$") or whole
    local name, value = short[quantity] or whole, number(item.value)
    if name == "pressure" and value then value = round(value / 100, 2) end   -- sent in Pa
    if is_taken[name] then name = whole end   -- also by one that has no value now
    is_taken[name], fields[name] = true, value
  end)
  local name = (req.headers["X-Sensor"] or ""):gsub("^esp8266%-", "")   -- the same number as in the body
  return point("air", { node = get(req.json, "esp8266id") or name }, fields)
end
