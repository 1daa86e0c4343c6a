-- What the scripts of LoRaWAN servers have in common, to require: the link
-- quality of an uplink, from the list of the gateways that heard it:
--   rssi, snr (dBm, dB: of the gateway that heard it best), gateways
-- These servers leave out what is 0, so a signal-to-noise ratio that is
-- missing is 0.
return function(receptions)
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
