-- Phones and trackers that speak OsmAnd's protocol (Traccar Client, OsmAnd, GPSLogger):
--   location  tags device
--             latitude, longitude, altitude, accuracy (m), speed (km/h), course
--             (degrees), battery (%), ignition, charging
-- In Traccar Client: Server URL http://GATEWAY:8580/osmand?key=A-LONG-SECRET, and
-- the device identifier. In OsmAnd: Plugins > Trip recording > Online tracking,
-- web address http://GATEWAY:8580/osmand?key=A-LONG-SECRET&id=jane&lat={0}&lon={1}
-- &timestamp={2}&altitude={4}&speed={5}&bearing={6}, in one line. Traccar Client
-- sends the speed in knots; for OsmAnd, whose metres a second it is, kmh is 3.6.
--   { path = "/osmand", script = "osmand", method = { "GET", "POST" },
--     vars = { kmh = 1.852 },
--     verify = { scheme = "query", name = "key", secret = env "OSMAND_KEY" } },

return function(req)
  local data = merge(req.query, req.form)   -- of a POST, too, it is often the query
  local device = data.id or data.deviceid
  if not device then return nil, "this is no position in OsmAnd's protocol: it has no id" end
  local latitude, longitude = number(data.lat), number(data.lon)
  if not latitude or not longitude then error("a position without lat and lon") end
  local speed = number(data.speed)
  return point("location", { device = device }, {
    latitude = latitude, longitude = longitude, altitude = number(data.altitude), accuracy = number(data.accuracy),
    speed = speed and req.vars.kmh and round(speed * req.vars.kmh, 2), course = number(data.bearing or data.heading),
    battery = number(data.batt), ignition = bool(data.ignition), charging = bool(data.charge),
  }, time.parse(data.timestamp))
end
