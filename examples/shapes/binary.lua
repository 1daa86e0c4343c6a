-- Bytes as hex or base64: string.unpack takes them apart. ">" big end first,
-- "i2" a signed number of two bytes, "I2" an unsigned one, "B" a byte. Bytes
-- that are too few raise, and the request is kept.
return function(req)
  local b = req.json
  local bytes = b.hex and hex.decode(b.hex) or base64.decode(b.payload)
  local temp, humidity, battery = string.unpack(">i2I2B", bytes)
  return point("probe", { id = b.id }, { temp = round(temp / 100, 2), humidity = round(humidity / 10, 1), battery = battery })
end
