-- The quickstart: every shipped script on a route of its own, on loopback.
--
-- No `outputs`: points go to the InfluxDB that INFLUX_HOST, INFLUX_ORG,
-- INFLUX_BUCKET and INFLUX_TOKEN name, and to stdout if there is none.
-- Who posts is not asked (`verify`), which only loopback allows.
return {
  listen = env("MOONLINE_LISTEN", "127.0.0.1:8580"),
  admin = env("MOONLINE_ADMIN", "127.0.0.1:8581"),
  data = env("MOONLINE_DATA", "moonline-data"), -- beside this file
  routes = {
    { path = "/ttn", script = "thethingsstack" },
    { path = "/ecowitt/:station", script = "ecowitt", secrets = { "PASSKEY" } },
    { path = "/hooks/github", script = "github" },
    { path = "/alertmanager", script = "alertmanager" },
    { path = "/grafana", script = "grafana" },
    { path = "/owntracks", script = "owntracks" },
    { path = "/airrohr", script = "airrohr" },
    { path = "/chirpstack", script = "chirpstack" },
    { path = "/emoncms/input/*rest", script = "emoncms", method = { "GET", "POST" }, secrets = { "apikey" } },
    { path = "/hooks/gitlab", script = "gitlab" },
    { path = "/hooks/mailgun", script = "mailgun" },
    { path = "/hooks/papertrail", script = "papertrail" },
    { path = "/hooks/sendgrid", script = "sendgrid" },
    { path = "/hooks/uptimerobot", script = "uptimerobot", method = { "GET", "POST" } },
    { path = "/ispindel", script = "ispindel", secrets = { "token" } },
    { path = "/met", script = "campbell" },
    { path = "/overland", script = "overland" },
    { path = "/particle", script = "particle" },
    { path = "/ruuvi", script = "ruuvi" },
    { path = "/sensorlogger", script = "sensorlogger" },
    { path = "/shelly", script = "shelly", method = { "GET", "POST" } },
    { path = "/sigfox", script = "sigfox" },
    { path = "/tasmota/:device", script = "tasmota" },
    {
      path = "/weatherstation/updateweatherstation.php",
      script = "wunderground",
      method = { "GET", "POST" },
      secrets = { "PASSWORD" },
    },
    { path = "/api/v2/write", line_protocol = true },
    { path = "/write", line_protocol = true },
  },
}
