-- UptimeRobot:
--   uptime  tags monitor
--           up=1, or 0 for down; outage (s: how long it was down, with up=1),
--           details; certificate_days (left, of a warning that it expires)
-- In UptimeRobot: Integrations > Webhook > Add, URL
-- https://GATEWAY/hooks/uptimerobot?key=A-LONG-SECRET, and as the POST value,
-- ticked "send as JSON":
--   {"monitorFriendlyName":"*monitorFriendlyName*","alertType":"*alertType*",
--    "alertDetails":"*alertDetails*","alertDuration":"*alertDuration*",
--    "alertDateTime":"*alertDateTime*","sslExpiryDaysLeft":"*sslExpiryDaysLeft*"}
-- A form, and the query of a GET, are read as well; so are names_like_this.
--   { path = "/hooks/uptimerobot", script = "uptimerobot", method = { "GET", "POST" },
--     verify = { scheme = "query", name = "key", secret = env "UPTIMEROBOT_KEY" } },

local seconds = { second = 1, minute = 60, hour = 3600, day = 86400 }

local function outage(data)
  if number(data.alertduration) then return number(data.alertduration) end
  local total   -- 1 hours, 2 minutes and 37 seconds
  for count, unit in (data.alertfriendlyduration or ""):gmatch("(%d+) (%a-)s?%f[%A]") do
    total = (total or 0) + count * (seconds[unit] or error("cannot read a duration in " .. unit))
  end
  return total
end

local kinds = {}

kinds["1"] = function() return { up = 0 } end
kinds["2"] = function(data) return { up = 1, outage = outage(data) } end
kinds["3"] = function(data) return { certificate_days = number(data.sslexpirydaysleft) } end

return function(req)
  local data = {}
  for name, value in pairs(req.data or {}) do data[name:gsub("_", ""):lower()] = value end
  if not data.monitorfriendlyname then return nil, "this is no alert of UptimeRobot's" end
  local kind = kinds[tostring(data.alerttype)]
  if not kind then error("neither up nor down: alert type " .. tostring(data.alerttype)) end
  return point("uptime", { monitor = data.monitorfriendlyname },
    merge({ details = data.alertdetails }, kind(data)), time.parse(data.alertdatetime))
end
