-- OwnTracks (phones, mode HTTP):
--   location             tags user, device
--                        latitude, longitude, altitude, accuracy (m), speed
--                        (km/h), course (degrees), battery (%), pressure (hPa),
--                        connection (w, m or o), trigger
--   location_transition  tags user, device, region: entered=1, or 0 for left,
--                        latitude, longitude, accuracy
-- In the app: Preferences > Connection > Mode HTTP, URL
-- http://GATEWAY:8580/owntracks, and under Identification username jane, a
-- password, a device ID. Names of Wi-Fi networks are not stored.
--   { path = "/owntracks", script = "owntracks",
--     verify = { scheme = "basic", user = "jane", password = env "OWNTRACKS_PASSWORD" } },

-- In headers, in the query or in the topic, as the version of the app has it.
local function tags_of(req, data)
  local user, device = (data.topic or ""):match("^[^/]+/([^/]+)/([^/]+)")
  return { user = req.headers["X-Limit-U"] or req.query.u or user,
           device = req.headers["X-Limit-D"] or req.query.d or device or data.tid }
end

local function known(x)   -- -1: not known
  x = number(x)
  return x and x >= 0 and x or nil
end

local function position(data)
  return { latitude = number(data.lat), longitude = number(data.lon), accuracy = known(data.acc) }
end

local entered = { enter = 1, leave = 0 }

local stores = {}   -- by _type

for _, name in ipairs { "waypoint", "waypoints", "lwt", "card", "cmd", "configuration", "status", "steps",
  "dump", "request", "encrypted", "beacon" } do
  stores[name] = function() end
end

function stores.location(data, tags)
  return point("location", tags, merge(position(data), {
    altitude = number(data.alt), speed = known(data.vel), course = known(data.cog),
    battery = known(data.batt), pressure = data.p and round(data.p * 10, 2),
    connection = data.conn, trigger = data.t,
  }), time.s(data.tst))
end

function stores.transition(data, tags)
  tags.region = data.desc
  return point("location_transition", tags, merge(position(data), {
    entered = entered[data.event] or error("neither entered nor left"),
  }), time.s(data.tst))
end

return function(req)
  reply(200, json.array())   -- anything but an array makes the app send it again
  local data = req.json
  if not data then return end   -- a removed friend is an empty body
  if data._type == "encrypted" then log.warn("switch off the encryption key in the app") end
  local store = stores[data._type]
  if not store then return keep("a message of an unknown _type") end
  return store(data, tags_of(req, data))
end
