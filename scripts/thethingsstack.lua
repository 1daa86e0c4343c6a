-- The Things Stack (LoRaWAN): each uplink of a device becomes a point
--   lorawan  tags device, app
--            a field for each value of the decoded payload, a nested one as a_b
--            rssi, snr (dBm, dB: of the gateway that heard it best), gateways,
--            frames (f_cnt), port, spreading_factor, frequency (Hz), airtime (s)
-- In the console: Integrations > Webhooks > Add webhook > Custom webhook, format
-- JSON, base URL http://GATEWAY:8580/ttn, header X-Api-Key, tick "Uplink
-- message". Joins, downlinks and the like may come too and store nothing.
--   { path = "/ttn", script = "thethingsstack",
--     verify = { scheme = "header", name = "X-Api-Key", value = env "TTN_KEY" } },

local link_quality = require "lorawan"

return function(req)
  local up = get(req.json, "uplink_message")
  if not up then return end
  local device = get(req.json, "end_device_ids") or {}
  local fields = merge(flatten(up.decoded_payload), link_quality(up.rx_metadata), {
    frames = int(up.f_cnt or 0),   -- what is 0 is left out
    port = int(up.f_port or 0),
    spreading_factor = int(get(up, "settings.data_rate.lora.spreading_factor")),
    frequency = number(get(up, "settings.frequency")),
    airtime = number((up.consumed_airtime or ""):match("^([%d.]+)s$")),
  })
  fields.device_time, fields.time = fields.time, nil   -- "time" is no field's name
  return point("lorawan", {
    device = device.device_id,
    app = get(device, "application_ids.application_id"),
  }, fields, time.parse(up.received_at or req.json.received_at))
end
