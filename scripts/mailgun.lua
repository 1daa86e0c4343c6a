-- Mailgun's webhooks, today's in JSON and the older forms:
--   mailgun  tags event (delivered, failed ...), domain (of the sender),
--            recipient_domain, tag (several with commas), severity (permanent
--            or temporary)
--            count=1, code (of the other mail server), reason, id
-- Whom the mail went to is not stored. Events of one second are spread over it.
-- In Mailgun: Send > Sending > Webhooks > Add webhook, URL
-- https://GATEWAY/hooks/mailgun?key=A-LONG-SECRET, for each kind of event.
--   { path = "/hooks/mailgun", script = "mailgun",
--     verify = { scheme = "query", name = "key", secret = env "MAILGUN_KEY" } },

local apart = require "apart"

local function domain_of(address) return (address or ""):match("@([^>]+)") end

local function of_json(data)
  return {
    event = data.event, domain = get(data, "domain.name") or domain_of(get(data, "envelope.sender")),
    recipient_domain = data["recipient-domain"] or domain_of(data.recipient),
    tag = table.concat(data.tags or {}, ","), severity = data.severity,
  }, {
    count = int(1), code = int(get(data, "delivery-status.code")), reason = data.reason, id = data.id,
  }
end

local function of_form(form)
  return {
    event = form.event, domain = form.domain, recipient_domain = domain_of(form.recipient),
    tag = table.concat(all(form, "tag"), ","),
  }, {
    count = int(1), code = int(form.code), reason = form.reason or form.description,
    id = form["Message-Id"] or form["message-id"],
  }
end

return function(req)
  reply(200, "ok")   -- anything else than 200 is sent again, for hours
  local json = get(req.json, "event-data")
  local data = json or req.form
  if not data.event or not data.timestamp then
    return nil, "this is no event of Mailgun's", 406   -- the status at which it does not try again
  end
  local tags, fields = (json and of_json or of_form)(data)
  return point("mailgun", tags, fields, apart(time.s(data.timestamp), data.id or data.token))
end
