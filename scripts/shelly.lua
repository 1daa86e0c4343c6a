-- Shelly devices, of the first generation and after:
--   shelly  tags device, component (switch:0, temperature:100 ...)
--           power (W), voltage (V), current (A), energy (Wh), temperature (C),
--           humidity (%), battery (V), output, and all other numbers of a
--           component under the names they have, a nested one as a_b
-- First generation (H&T, Flood ...): Actions > Report sensor values, URL
-- http://GATEWAY:8580/shelly. Later ones: Scripts > Create script, switched on:
--   Timer.set(60000, true, function () {
--     Shelly.call("Shelly.GetStatus", null, function (status) {
--       Shelly.call("HTTP.POST", { url: "http://GATEWAY:8580/shelly",
--         content_type: "application/json",
--         body: JSON.stringify({ src: Shelly.getDeviceInfo().id, params: status }) });
--     });
--   });
-- or, for those that sleep, Actions with a URL such as
-- http://GATEWAY:8580/shelly?id=cellar&temp=${ev.tC}
--   { path = "/shelly", script = "shelly", method = { "GET", "POST" },
--     verify = { allow = { "192.168.1.0/24" } } },

local entries = require "entries"

local ours = {   -- their names of values, after flatten
  apower = "power", aenergy_total = "energy", temperature_tC = "temperature", tC = "temperature",
  rh = "humidity", temp = "temperature", hum = "humidity", batV = "battery", battery_V = "battery",
}

local function fields_of(component)
  local fields = {}
  for name, value in pairs(flatten(component)) do
    local x = type(value) ~= "boolean" and number(value) or bool(value)
    if not name:match("^id$") and not name:match("tF$") and not name:match("minute") then
      fields[ours[name] or name] = x   -- energy by minute, Fahrenheit: said already
    end
  end
  return fields
end

return function(req)
  local status = get(req.json, "params")
  if req.json and not status then return keep("no status, and no query of an action") end
  if not status then return point("shelly", { device = req.data.id }, fields_of(req.data)) end
  local at = time.s(status.ts or get(status, "sys", "unixtime"))
  each(entries(status), function(component)
    if component.key:match("^%w+:%d+$") then
      emit("shelly", { device = req.json.src, component = component.key }, fields_of(component.value), at)
    end
  end)
end
