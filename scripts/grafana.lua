-- Grafana alerting (a contact point of type webhook): each alert becomes a point
--   alerts  tags its labels, fingerprint; firing=1 when it began, firing=0 when it
--           was resolved; summary, description (see alerts.lua);
--           value_A, value_B ... the numbers of the rule's expressions
-- In Grafana: Alerting > Contact points > Add contact point, integration Webhook,
-- URL http://GATEWAY:8580/grafana; under Optional settings the authorization
-- header with scheme Bearer and credentials A-LONG-SECRET.
--   { path = "/grafana", script = "grafana",
--     verify = { scheme = "bearer", secret = env "GRAFANA_TOKEN" } },

local store_alerts = require "alerts"

local function values(alert)   -- null when the rule had no data
  local fields = {}
  for name, value in pairs(alert.values or {}) do fields["value_" .. name] = number(value) end
  return fields
end

return function(req)
  if not get(req.json, "alerts") then
    return nil, "this is no notification of Grafana's: it has no alerts"
  end
  store_alerts(req.json, values)
end
