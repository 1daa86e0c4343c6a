-- What the scripts of LoRaWAN servers have in common, to require: the fields of
-- an uplink, from its decoded values, the list of the gateways that heard it, and
-- what the caller adds:
--   a field for each decoded value, a nested one as a_b; one that has a name of
--   ours (or is called time) goes by device_NAME
--   rssi, snr (dBm, dB: of the gateway that heard it best), gateways
-- These servers leave out what is 0, so a signal-to-noise ratio that is
-- missing is 0.
local ours = { time = true, rssi = true, snr = true, gateways = true, frames = true,
  port = true, spreading_factor = true, frequency = true, airtime = true }

local function link_quality(receptions)
  local best, gateways = {}, 0
  for rx in each(receptions) do
    local rssi = number(rx.rssi)
    gateways = gateways + 1
    if rssi and (not best.rssi or rssi > best.rssi) then
      best.rssi, best.snr = rssi, rx.snr == nil and 0 or number(rx.snr)
    end
  end
  return { rssi = best.rssi, snr = best.snr, gateways = receptions and int(gateways) }
end

return function(decoded, receptions, more)
  local fields = {}
  for name, value in pairs(flatten(decoded)) do
    fields[ours[name] and "device_" .. name or name] = value
  end
  return merge(fields, link_quality(receptions), more)
end
