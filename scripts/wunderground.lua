-- Weather Underground's upload protocol, which most weather stations and their
-- software speak (a GET), made metric:
--   weather  tags station
--            temperature, indoor_temperature, dew_point, wind_chill,
--            soil_temperature (C), humidity, indoor_humidity, soil_moisture (%),
--            pressure (hPa), wind_speed, wind_gust (m/s), wind_direction,
--            rain_hourly, rain_daily ... (mm), solar_radiation (W/m2), uv_index,
--            pm2_5, pm10 (ug/m3)
-- In the station or its software: a custom or "personal" server of the type
-- Weather Underground (or Wunderground), server GATEWAY, port 8580, this path,
-- any station ID, and the password that the route asks for.
--   { path = "/weatherstation/updateweatherstation.php", script = "wunderground",
--     method = { "GET", "POST" }, secrets = { "PASSWORD" },
--     verify = { scheme = "query", name = "PASSWORD", secret = env "STATION_PASSWORD" } },
local units = require "units"

local function same(x) return x end

local fields_by_unit = {   -- by unit: the protocol's name of a value, and ours
  [units.celsius_of_fahrenheit] = {
    tempf = "temperature", indoortempf = "indoor_temperature", dewptf = "dew_point",
    windchillf = "wind_chill", soiltempf = "soil_temperature",
  },
  [units.hpa_of_inches] = { baromin = "pressure", absbaromin = "absolute_pressure" },
  [units.metres_of_miles] = {
    windspeedmph = "wind_speed", windgustmph = "wind_gust", windspdmph_avg2m = "wind_speed_2m",
    windgustmph_10m = "wind_gust_10m",
  },
  [units.mm_of_inches] = {
    rainin = "rain_hourly", dailyrainin = "rain_daily", weeklyrainin = "rain_weekly",
    monthlyrainin = "rain_monthly", yearlyrainin = "rain_yearly",
  },
  [same] = {
    humidity = "humidity", indoorhumidity = "indoor_humidity", soilmoisture = "soil_moisture",
    winddir = "wind_direction", winddir_avg2m = "wind_direction_2m", solarradiation = "solar_radiation",
    UV = "uv_index", ["AqPM2.5"] = "pm2_5", AqPM10 = "pm10",
  },
}

return function(req)
  reply(200, "success")   -- the station waits for the word
  local query, fields = merge(req.form, req.query), {}
  for convert, names in pairs(fields_by_unit) do
    for name, ours in pairs(names) do
      local value = number(query[name])
      if value and value > -999 then fields[ours] = convert(value) end   -- -9999: no such sensor
    end
  end
  local at = query.dateutc ~= "now" and query.dateutc or nil
  return point("weather", { station = query.ID }, fields, time.parse(at))
end
