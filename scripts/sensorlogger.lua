-- Sensor Logger (phones): each reading becomes a point in the measurement that
-- the app's name of the sensor gives, with the fields that it has
--   accelerometer  tags device: x, y, z (m/s2)
--   location       tags device: latitude, longitude, altitude, speed (m/s) ...
--   battery        tags device: batteryLevel (0 to 1), batteryState ...
--   pedometer      tags device: steps
-- and so on for barometer, gyroscope, microphone ... Times are exact to the
-- nanosecond.
-- In the app: Settings > Data streaming > Enable HTTP push, push URL
-- http://GATEWAY:8580/sensorlogger, auth header Bearer A-LONG-SECRET.
--   { path = "/sensorlogger", script = "sensorlogger",
--     verify = { scheme = "bearer", secret = env "SENSORLOGGER_TOKEN" } },

return function(req)
  reply(200, "ok")
  local payload = get(req.json, "payload")
  if not payload then return nil, "this is no push of Sensor Logger's" end
  local tags = { device = req.json.deviceId }
  each(payload, function(reading)
    if not reading.time then error("a reading without a time") end
    emit(reading.name, tags, flatten(reading.values), time.parse(reading.time))
  end)
end
