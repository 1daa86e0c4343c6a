-- Prometheus Alertmanager: each alert of a notification becomes a point
--   alerts  tags its labels, fingerprint; firing=1 when it began, firing=0 when it
--           was resolved; summary, description (see alerts.lua)
-- In alertmanager.yml, and send_resolved must stay true (it is the default):
--   receivers:
--     - name: moonline
--       webhook_configs:
--         - url: http://GATEWAY:8580/alertmanager
--           http_config: { authorization: { credentials: A-LONG-SECRET } }
--   { path = "/alertmanager", script = "alertmanager",
--     verify = { scheme = "bearer", secret = env "ALERT_TOKEN" } },

local store_alerts = require "alerts"

return function(req)
  if not get(req.json, "alerts") then
    return nil, "this is no notification of Alertmanager's: it has no alerts"
  end
  store_alerts(req.json)
end
