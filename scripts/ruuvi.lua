-- Ruuvi Gateway: each sensor that it heard becomes a point
--   ruuvi  tags sensor, gateway (their MAC addresses)
--          temperature (C), humidity (%), pressure (hPa), acceleration_x, _y, _z
--          (g), battery (V), tx_power, rssi (dBm), movements, sequence
-- On the gateway's page: Cloud options > Advanced > HTTP(S), "Use a custom
-- server", URL http://GATEWAY:8580/ruuvi, data format with or without
-- timestamps, raw data, authentication Bearer, token A-LONG-SECRET.
--   { path = "/ruuvi", script = "ruuvi",
--     verify = { scheme = "bearer", secret = env "RUUVI_TOKEN" } },

local entries = require "entries"

local function known(x, none, scale, offset)   -- none: how the sensor says it has no such value
  if x ~= none then return round(x * scale + (offset or 0), 4) end
end

-- An advertisement's bytes; FF 99 04 is Ruuvi's own part, 05 its usual format.
local function readings(frame)
  local bytes = hex.decode(frame or "")
  local at = bytes:find("\xFF\x99\x04\x05", 1, true)
  if not at or #bytes < at + 21 then return {} end
  local t, h, p, x, y, z, power, moves, sequence = string.unpack(">i2I2I2i2i2i2I2BI2", bytes, at + 4)
  return {
    temperature = known(t, -32768, 0.005), humidity = known(h, 65535, 0.0025),
    pressure = known(p, 65535, 0.01, 500), acceleration_x = known(x, -32768, 0.001),
    acceleration_y = known(y, -32768, 0.001), acceleration_z = known(z, -32768, 0.001),
    battery = known(power >> 5, 2047, 0.001, 1.6), tx_power = known(power & 31, 31, 2, -40),
    movements = known(moves, 255, 1), sequence = known(sequence, 65535, 1),
  }
end

return function(req)
  reply(200, "ok")   -- the gateway takes any other status for a failure
  local data = get(req.json, "data")
  if not data then return nil, "this is no post of a Ruuvi Gateway's" end
  if not data.tags then return keep("nothing heard, and no empty list of it") end
  each(entries(data.tags), function(sensor)
    local heard = sensor.value
    if not heard.data and heard.dataFormat then error("decoded data; the script wants it raw") end
    if not heard.data and not heard.rssi then error("a sensor of which nothing is said") end
    emit("ruuvi", { sensor = sensor.key, gateway = data.gw_mac },
      merge(readings(heard.data), { rssi = number(heard.rssi) }), time.parse(heard.timestamp))
  end)
end
