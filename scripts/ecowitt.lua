-- Ecowitt and Fine Offset weather stations (protocol "Ecowitt"), made metric:
--   weather         tags station, model
--                   temperature, indoor_temperature (C), humidity (%), pressure,
--                   absolute_pressure (hPa), wind_speed, wind_gust (m/s),
--                   rain_rate (mm/h), rain_daily ... (mm), the same of a haptic
--                   gauge as piezo_rain_..., solar_radiation (W/m2), uv_index,
--                   vapour_pressure_deficit (hPa), lightning_distance (km),
--                   lightning_count, co2 (ppm),
--                   pm2_5, pm10 (ug/m3), battery_NAME as the station has it
--   weather_sensor  tags station, model, channel: temperature, humidity,
--                   soil_moisture, pm2_5, battery ... of each extra sensor
-- In the Ecowitt app: Others > DIY upload servers > Customized (on the gateway's
-- own page: Weather services > Customized), protocol type same as Ecowitt, server
-- GATEWAY, port 8580, path /ecowitt/roof (any name for roof).
-- PASSKEY identifies the owner and is never stored.
--   { path = "/ecowitt/:station", script = "ecowitt", secrets = { "PASSKEY" },
--     verify = { allow = { "192.168.1.0/24" } } },

local units = require "units"

local weather = units.reader {   -- the station's name of a value, and ours
  tempf = "temperature", tempinf = "indoor_temperature", tf_co2 = "co2_temperature",
  humidity = "humidity", humidityin = "indoor_humidity", humi_co2 = "co2_humidity",
  baromrelin = "pressure", baromabsin = "absolute_pressure", vpd = "vapour_pressure_deficit",
  windspeedmph = "wind_speed", windgustmph = "wind_gust", maxdailygust = "wind_gust_daily",
  winddir = "wind_direction", winddir_avg10m = "wind_direction_10m", solarradiation = "solar_radiation",
  rainratein = "rain_rate", eventrainin = "rain_event", hourlyrainin = "rain_hourly",
  last24hrainin = "rain_24h", dailyrainin = "rain_daily", weeklyrainin = "rain_weekly",
  monthlyrainin = "rain_monthly", yearlyrainin = "rain_yearly", totalrainin = "rain_total",
  rrain_piezo = "piezo_rain_rate", erain_piezo = "piezo_rain_event", hrain_piezo = "piezo_rain_hourly",
  last24hrain_piezo = "piezo_rain_24h", drain_piezo = "piezo_rain_daily", wrain_piezo = "piezo_rain_weekly",
  mrain_piezo = "piezo_rain_monthly", yrain_piezo = "piezo_rain_yearly", uv = "uv_index",
  lightning = "lightning_distance", lightning_num = "lightning_count", co2 = "co2", co2_24h = "co2_24h",
  pm25_co2 = "pm2_5", pm25_24h_co2 = "pm2_5_24h", pm10_co2 = "pm10", pm10_24h_co2 = "pm10_24h",
}
local sensor = units.reader {   -- the same of names that end in a channel: temp3f, soilmoisture1
  temp = "temperature", tf_ch = "probe_temperature", humidity = "humidity", soilmoisture = "soil_moisture",
  leafwetness_ch = "leaf_wetness", leak_ch = "leak", pm25_ch = "pm2_5", pm25_avg_24h_ch = "pm2_5_24h",
  batt = "battery", soilbatt = "soil_battery", pm25batt = "pm2_5_battery", tf_batt = "probe_battery",
  leaf_batt = "leaf_battery", leakbatt = "leak_battery",
}
local clock_is_set = time.parse("2015-01-01")   -- before it: the year of a station without network

return function(req)
  reply(200, "success")   -- some firmware looks for the word
  local form, channels, fields = req.form, {}, weather(req.form)
  for name, text in pairs(form) do
    local kind, channel = name:match("^(%a[%w_]-)(%d+)f?$")
    local battery = name:match("^(%w+)_?batt$")
    if channel then channels[channel] = merge(channels[channel], { [kind] = text }) end
    if battery then fields["battery_" .. battery] = number(text) end
  end
  local tags = { station = req.params.station, model = form.model }
  local at = form.dateutc ~= "now" and time.parse(form.dateutc) or req.time
  if at < clock_is_set then at = req.time end
  emit("weather", tags, fields, at)
  for channel, values in pairs(channels) do
    emit("weather_sensor", merge(tags, { channel = channel }), sensor(values), at)
  end
end
