-- GitLab webhooks:
--   gitlab_pipeline  tags project, branch, source, status (success, failed,
--                    canceled, skipped), at its end
--                    duration, queued_duration (s), id, by (who)
--   gitlab_job       tags project, branch, stage, job, status, runner: each job
--                    that ran, at its start: duration, queued_duration (s), id
--   gitlab_push      tags project, branch (of a tag: refs/tags/v1): commits, by
--   gitlab_event     tags project, event, action: count=1, by, of all else
-- In the project or group: Settings > Webhooks > Add new webhook, URL
-- https://GATEWAY/hooks/gitlab, secret token A-LONG-SECRET, and tick what is to
-- come.
--   { path = "/hooks/gitlab", script = "gitlab",
--     verify = { scheme = "header", name = "X-Gitlab-Token", secret = env "GITLAB_TOKEN" } },

local over = { success = true, failed = true, canceled = true, skipped = true }
local under_way = {   -- these come again when they have ended
  created = true, waiting_for_resource = true, preparing = true, waiting_for_callback = true, pending = true,
  running = true, manual = true, scheduled = true, canceling = true,
}

local function who(data) return get(data, "user.username") or data.user_username end

local function pipeline(data, tags)
  local run = data.object_attributes
  if not over[run.status] then return not under_way[run.status] and keep("a pipeline of an unknown status") end
  local ended = run.finished_at or run.status == "skipped" and run.created_at
  tags.branch = run.ref
  each(data.builds, function(job)
    if not job.id then error("a job without an id") end
    if not job.started_at then return end   -- skipped, or still to be started by hand
    emit("gitlab_job", merge(tags, {
      stage = job.stage, job = job.name, status = job.status, runner = get(job, "runner.description"),
    }), {
      duration = number(job.duration), queued_duration = number(job.queued_duration), id = int(job.id),
    }, time.parse(job.started_at))
  end)
  return point("gitlab_pipeline", merge(tags, { source = run.source, status = run.status }), {
    duration = number(run.duration), queued_duration = number(run.queued_duration),
    id = int(run.id), by = who(data),
  }, time.parse(ended or error("a pipeline that has ended, but when?")))
end

local function push(data, tags)
  tags.branch = data.ref:gsub("^refs/heads/", "")
  return point("gitlab_push", tags, { commits = int(data.total_commits_count), by = who(data) })
end

return function(req)
  local data = req.json
  local event = get(data, "object_kind") or get(data, "event_name")
  if not event or event == "" then return nil, "this is no webhook of GitLab's" end
  local tags = { project = get(data, "project.path_with_namespace") }
  if event == "pipeline" then return pipeline(data, tags) end
  if event == "push" or event == "tag_push" then return push(data, tags) end
  tags.event, tags.action = event, get(data, "object_attributes.action")
  return point("gitlab_event", tags, { count = int(1), by = who(data) })
end
