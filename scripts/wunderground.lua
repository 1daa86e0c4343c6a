-- Weather Underground's upload protocol, which most weather stations and their
-- software speak (a GET), made metric:
--   weather  tags station
--            temperature, indoor_temperature, dew_point, wind_chill,
--            soil_temperature (C), humidity, indoor_humidity, soil_moisture (%),
--            pressure (hPa), wind_speed, wind_gust (m/s), wind_direction,
--            rain_hourly, rain_daily ... (mm), solar_radiation (W/m2), uv_index,
--            pm2_5, pm10 (ug/m3)
-- In the station or its software: a custom or "personal" server of the type
-- Weather Underground (or Wunderground), server GATEWAY, port 8580, path
-- /weatherstation/updateweatherstation.php, any station ID, password (or station
-- key) A-LONG-SECRET.
--   { path = "/weatherstation/updateweatherstation.php", script = "wunderground",
--     method = { "GET", "POST" }, secrets = { "PASSWORD" },
--     verify = { scheme = "query", name = "PASSWORD", secret = env "STATION_PASSWORD" } },

local units = require "units"

local weather = units.reader {   -- the protocol's name of a value, and ours
  tempf = "temperature", indoortempf = "indoor_temperature", soiltempf = "soil_temperature",
  dewptf = "dew_point", windchillf = "wind_chill",
  humidity = "humidity", indoorhumidity = "indoor_humidity", soilmoisture = "soil_moisture",
  baromin = "pressure", absbaromin = "absolute_pressure",
  windspeedmph = "wind_speed", windgustmph = "wind_gust", winddir = "wind_direction",
  windspdmph_avg2m = "wind_speed_2m", windgustmph_10m = "wind_gust_10m", winddir_avg2m = "wind_direction_2m",
  rainin = "rain_hourly", dailyrainin = "rain_daily", weeklyrainin = "rain_weekly",
  monthlyrainin = "rain_monthly", yearlyrainin = "rain_yearly",
  solarradiation = "solar_radiation", UV = "uv_index", ["AqPM2.5"] = "pm2_5", AqPM10 = "pm10",
}

return function(req)
  reply(200, "success")   -- the station waits for the word
  local query = merge(req.form, req.query)
  local at = query.dateutc ~= "now" and query.dateutc or nil
  return point("weather", { station = query.ID }, weather(query), time.parse(at))
end
