-- SendGrid's event webhook: each event becomes a point
--   sendgrid  tags event (delivered, bounce, open ...), domain (of the
--             recipient), category, type (of a bounce)
--             count=1, attempt, reason, response, id
-- Whom the mail went to is not stored. Events of one second are spread over it.
-- In SendGrid: Settings > Mail settings > Event webhook, URL
-- https://GATEWAY/hooks/sendgrid?key=A-LONG-SECRET, and tick what is to come.
--   { path = "/hooks/sendgrid", script = "sendgrid",
--     verify = { scheme = "query", name = "key", secret = env "SENDGRID_KEY" } },

local apart = require "apart"

local function categories(x)   -- one text, or a list of them
  return type(x) == "table" and table.concat(x, ",") or x
end

return function(req)
  each(req.json, function(event)
    if not event.event or not event.timestamp then error("no event of SendGrid's") end
    emit("sendgrid", {
      event = event.event, domain = (event.email or ""):match("@(.+)$"),
      category = categories(event.category), type = event.type,
    }, {
      count = int(1), attempt = int(event.attempt), id = event.sg_event_id,
      reason = event.reason, response = event.response,
    }, apart(time.s(event.timestamp), event.sg_event_id))
  end)
end
