-- Sigfox callbacks, with a body that you write there:
--   sigfox  tags device, station
--           data (the message in hex), and each number of the body under its
--           name in small letters: rssi, snr, avg_snr, seq_number, lat, lng ...
-- In the Sigfox backend: Device type > Callbacks > New > Custom callback, type
-- DATA UPLINK, channel URL, URL pattern http://GATEWAY:8580/sigfox, POST, header
-- Authorization with the value Bearer A-LONG-SECRET, content type
-- application/json, body:
--   {"device":"{device}","time":{time},"station":"{station}","data":"{data}",
--    "rssi":{rssi},"snr":{snr},"seqNumber":{seqNumber}}
-- A form with these names is read as well. What the device packs into its
-- message becomes fields if the route says how (as string.unpack has it), here
-- two signed numbers of 16 bits:
--   { path = "/sigfox", script = "sigfox",
--     verify = { scheme = "bearer", secret = env "SIGFOX_TOKEN" },
--     vars = { format = ">i2 i2", names = { "temperature", "humidity" } } },

local about = { device = true, station = true, time = true, data = true }

-- With the wrong content type the JSON arrives as the one name of a form.
local function decoded(req)
  local name = next(req.form)
  if name and name:match("^%s*{") then return json.decode(name) end
  return req.data or {}
end

local function unpacked(data, vars)
  if not vars.format or not data then return {} end
  local values, fields = { string.unpack(vars.format, hex.decode(data)) }, {}
  for i, name in ipairs(vars.names) do fields[name] = values[i] end
  return fields
end

return function(req)
  local data, fields = decoded(req), {}
  if not data.device then return nil, "this is no callback of Sigfox's" end
  for name, value in pairs(numbers(data)) do
    if not about[name] then fields[name:gsub("(%l)(%u)", "%1_%2"):lower()] = value end
  end
  return point("sigfox", { device = data.device, station = data.station },
    merge(fields, { data = data.data }, unpacked(data.data, req.vars)), time.s(data.time))
end
