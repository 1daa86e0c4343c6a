-- The Things Stack (LoRaWAN): each uplink of a device becomes a point
--   lorawan  tags device, app
--            a field for each value of the decoded payload, a nested one as a_b
--            rssi, snr (dBm, dB: of the gateway that heard it best), gateways,
--            frames (f_cnt), port, spreading_factor, frequency (Hz), airtime (s)
-- In the console: Integrations > Webhooks > Add webhook > Custom webhook, format
-- JSON, base URL http://GATEWAY:8580/ttn, an additional header X-Api-Key with the
-- value A-LONG-SECRET, and tick "Uplink message" (without a path). Joins, downlinks
-- and the like may come too and store nothing.
--   { path = "/ttn", script = "thethingsstack",
--     verify = { scheme = "header", name = "X-Api-Key", value = env "TTN_KEY" } },

local fields_of = require "lorawan"

local others = { "join_accept", "downlink_queued", "downlink_sent", "downlink_ack", "downlink_nack", "downlink_failed",
  "downlink_queue_invalidated", "location_solved", "service_data", "uplink_normalized" }

local function of_another_kind(message)
  for _, kind in ipairs(others) do
    if get(message, kind) then return true end
  end
end

return function(req)
  local up = get(req.json, "uplink_message")
  if not up then return req.json and not of_another_kind(req.json) and keep("no uplink, and nothing else known") end
  if not up.rx_metadata and not up.received_at then error("an uplink of which nothing is said") end
  local device = get(req.json, "end_device_ids") or {}
  local fields = fields_of(up.decoded_payload, up.rx_metadata, {
    frames = int(up.f_cnt or 0),   -- what is 0 is left out
    port = int(up.f_port or 0),
    spreading_factor = int(get(up, "settings.data_rate.lora.spreading_factor")),
    frequency = number(get(up, "settings.frequency")),
    airtime = number((up.consumed_airtime or ""):match("^([%d.]+)s$")),
  })
  return point("lorawan", {
    device = device.device_id,
    app = get(device, "application_ids.application_id"),
  }, fields, time.parse(up.received_at or req.json.received_at))
end
