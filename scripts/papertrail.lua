-- Papertrail: each log event that a saved search found becomes a point, or of a
-- webhook that only counts, each count
--   papertrail  tags host, search, and of an event program, severity, facility
--               count=1, or how many; message, id
-- In Papertrail: Alerts > Create alert on a saved search > Webhook, URL
-- https://GATEWAY/hooks/papertrail?key=A-LONG-SECRET. Events of one second are
-- spread over it.
--   { path = "/hooks/papertrail", script = "papertrail",
--     verify = { scheme = "query", name = "key", secret = env "PAPERTRAIL_KEY" } },

local apart = require "apart"
local entries = require "entries"

return function(req)
  local data = req.json or req.form.payload and json.decode(req.form.payload)
  if not data then return nil, "this is no webhook of Papertrail's" end
  local search = get(data, "saved_search.name")
  each(data.events, function(event)
    if not event.received_at then error("an event without received_at") end
    emit("papertrail", {
      host = event.hostname, search = search, program = event.program,
      severity = event.severity, facility = event.facility,
    }, { count = int(1), message = event.message, id = int(event.id) },
    apart(time.parse(event.received_at), event.id))
  end)
  each(data.counts, function(source)
    if not source.source_name then error("counts without source_name") end
    each(entries(source.timeseries), function(second)
      emit("papertrail", { host = source.source_name, search = search },
        { count = int(second.value) or error("a count that is no number") }, time.s(second.key))
    end)
  end)
  if not data.events and not data.counts then keep("neither events nor counts") end
end
