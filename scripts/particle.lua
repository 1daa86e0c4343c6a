-- Particle devices: what they publish
--   particle  tags event, device
--             each number, text and yes-or-no of the event's data, which may be
--             JSON, as a field, a nested one as a_b; a bare number or text: value
-- Data with "tags" and "values" in it is stored as these say, under the name
-- that the webhook's JSON gives as "measurement".
-- In the console: Integrations > New integration > Webhook, URL
-- https://GATEWAY/particle, request type POST, format JSON, and under Extra
-- settings > HTTP headers: Authorization with the value Bearer A-LONG-SECRET.
--   { path = "/particle", script = "particle",
--     verify = { scheme = "bearer", secret = env "PARTICLE_TOKEN" } },

local function fields_of(data)
  if type(data) ~= "table" then return { value = number(data) or data } end
  local fields = flatten(data)
  fields.device_time, fields.time = fields.time, nil   -- "time" is no field's name
  return fields
end

return function(req)
  local post = req.data
  if not get(post, "event") then return nil, "this is no event of Particle's" end
  local data, at = post.data, time.parse(post.published_at)
  if type(data) == "string" and data:match("^%s*[{%[]") then data = json.decode(data) end
  local tags = { event = post.event, device = post.coreid }
  if get(data, "values") or get(data, "tags") then
    return point(post.measurement or "particle", merge(tags, data.tags), fields_of(data.values), at)
  end
  return point("particle", tags, fields_of(data), at)
end
