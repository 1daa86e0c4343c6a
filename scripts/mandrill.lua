-- Mandrill (Mailchimp Transactional): each event becomes a point
--   mandrill  tags event (send, hard_bounce, open ...), sender, recipient_domain,
--             tag (several with commas)
--             count=1, delay (s, from the mail to the event), reason, id
-- Whom the mail went to is not stored. Events of one second are spread over it.
-- In Mandrill: Settings > Webhooks > Add a webhook, tick what is to come, post to
-- URL https://GATEWAY/hooks/mandrill?key=A-LONG-SECRET. Its signature is not
-- looked at.
--   { path = "/hooks/mandrill", script = "mandrill",
--     verify = { scheme = "query", name = "key", secret = env "MANDRILL_KEY" } },

local apart = require "apart"

return function(req)
  local text = req.form.mandrill_events
  if not text then return nil, "this is no webhook of Mandrill's: it has no mandrill_events" end
  each(json.decode(text), function(event)
    if not event.event or not event.ts then error("no event of Mandrill's") end
    local at, mail = time.s(event.ts), event.msg or {}
    local sent_at = time.s(mail.ts)
    emit("mandrill", {
      event = event.event, sender = mail.sender, recipient_domain = (mail.email or ""):match("@(.+)$"),
      tag = table.concat(mail.tags or {}, ","),
    }, {
      count = int(1), delay = sent_at and (at - sent_at) / 1e9, reason = mail.bounce_description, id = event._id,
    }, apart(at, event._id))
  end)
end
