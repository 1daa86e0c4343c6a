-- ChirpStack v4 (LoRaWAN): uplinks and what devices say of their battery
--   lorawan         tags device, dev_eui, app, and the device's own tags
--                   a field for each value of the decoded object, a nested one
--                   as a_b; rssi, snr (dBm, dB: of the gateway that heard it
--                   best), gateways, frames, port, spreading_factor, frequency (Hz)
--   lorawan_status  the same tags: battery (%), margin (dB), external_power
-- In the console: Applications > (yours) > Integrations > HTTP > +, payload
-- encoding JSON, event endpoint URL http://GATEWAY:8580/chirpstack, and a header
-- Authorization with the value Bearer A-LONG-SECRET. Joins, acknowledgements and
-- logs come too and store nothing; what else comes is kept.
--   { path = "/chirpstack", script = "chirpstack",
--     verify = { scheme = "bearer", secret = env "CHIRPSTACK_TOKEN" } },

local fields_of = require "lorawan"

local function uplink(data)
  return "lorawan", fields_of(data.object, data.rxInfo, {
    frames = int(data.fCnt or 0),   -- what is 0 may be left out
    port = int(data.fPort or 0),
    spreading_factor = int(get(data, "txInfo.modulation.lora.spreadingFactor")),
    frequency = number(get(data, "txInfo.frequency")),
  })
end

local function status(data)   -- the sender says -1 of a battery it cannot measure
  local battery = number(data.batteryLevel)
  return "lorawan_status", {
    battery = battery and battery >= 0 and battery or nil,
    margin = number(data.margin), external_power = bool(data.externalPowerSource),
  }
end

local reads = { up = uplink, status = status }
local others = { join = true, ack = true, txack = true, log = true, location = true, integration = true }

return function(req)
  local data, event = req.json, req.query.event
  if not event or not data then return nil, "this is no event of ChirpStack's" end
  if others[event] then return end
  local read = reads[event]
  if not read then return keep("an event of an unknown kind") end
  local device = data.deviceInfo or error("an event without deviceInfo")
  local tags = merge(device.tags, {
    device = device.deviceName, dev_eui = device.devEui, app = device.applicationName,
  })
  tags.device_time, tags.time = tags.time, nil
  local measurement, fields = read(data)
  return point(measurement, tags, fields, time.parse(data.time))
end
