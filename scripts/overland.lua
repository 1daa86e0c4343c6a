-- Overland (iOS): each place of a batch becomes a point, named as OwnTracks' are
--   location  tags device
--             latitude, longitude, altitude, accuracy, vertical_accuracy (m),
--             speed (km/h), course (degrees), battery (%), motion (driving ...)
-- In the app: Settings > Receiver endpoint URL http://GATEWAY:8580/overland,
-- access token A-LONG-SECRET, a device ID. Names of Wi-Fi networks are not stored.
--   { path = "/overland", script = "overland",
--     verify = { scheme = "bearer", secret = env "OVERLAND_TOKEN" } },

local function known(x, scale)   -- -1: not known
  x = number(x)
  return x and x >= 0 and round(x * (scale or 1), 2) or nil
end

local function store_place(place)
  local about = place.properties
  local longitude, latitude = get(place, "geometry", "coordinates", 1), get(place, "geometry", "coordinates", 2)
  if not longitude or not latitude then error("a place without coordinates") end
  if not about.timestamp then error("a place without a time") end
  emit("location", { device = about.device_id }, {
    latitude = number(latitude), longitude = number(longitude), altitude = number(about.altitude),
    accuracy = known(about.horizontal_accuracy), vertical_accuracy = known(about.vertical_accuracy),
    speed = known(about.speed, 3.6), course = known(about.course), battery = known(about.battery_level, 100),
    motion = about.motion and #about.motion > 0 and table.concat(about.motion, ",") or nil,
  }, time.parse(about.timestamp))
end

return function(req)
  reply(200, { result = "ok" })   -- anything else makes the phone send it again, for ever
  if not get(req.json, "locations") then return nil, "these are no places of Overland's" end
  each(req.json.locations, store_place)
end
