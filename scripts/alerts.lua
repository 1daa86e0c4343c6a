-- What Alertmanager and Grafana have in common, for their scripts to require:
-- each alert of a notification is stored as
--   alerts  tags   its labels, and its fingerprint: alerts with the same labels
--                  and start are still two
--           fields firing=1, at the time it began to fire,
--                  or firing=0, at the time it was resolved;
--                  summary, description, and what the caller adds
-- A notification that is repeated gives the same points again, so nothing is
-- counted twice.
return function(notification, more)
  each(notification.alerts, function(alert)
    local tags = merge(alert.labels, { fingerprint = alert.fingerprint })
    tags.label_time, tags.time = tags.time, nil   -- "time" is no tag's name
    local is_firing = alert.status == "firing"
    if not is_firing and alert.status ~= "resolved" then error("an alert neither firing nor resolved") end
    local fields = {
      firing = is_firing and 1 or 0,
      summary = get(alert, "annotations.summary"),
      description = get(alert, "annotations.description"),
    }
    -- endsAt is the year 1 while it fires
    local at = is_firing and alert.startsAt or not is_firing and alert.endsAt
    emit("alerts", tags, merge(fields, more and more(alert)), time.parse(at or nil))
  end)
end
