-- GitHub webhooks:
--   github_push          tags repository, branch (of a tag: refs/tags/v1)
--                        commits, added, modified, removed (files), by (who)
--   github_commit        the same tags, at the commit's own time: sha, message
--                        (its first line), author, added, modified, removed
--   github_workflow_run  tags repository, workflow, branch, event, conclusion
--                        duration (s), run, attempt, id, once a run has completed
--   github_event         tags repository, event, action: count=1, by, of all else
-- In the repository or organisation: Settings > Webhooks > Add webhook, payload
-- URL https://GATEWAY/hooks/github?key=A-LONG-SECRET, either content type; Secret
-- stays empty, for GitHub's signature is not looked at.
--   { path = "/hooks/github", script = "github",
--     verify = { scheme = "query", name = "key", secret = env "GITHUB_KEY" } },

local function count(list)
  if not json.is_array(list) then error("no list of commits or files") end
  return int(#list)
end

local function push(data, tags)
  local files = { added = 0, modified = 0, removed = 0 }
  tags.branch = data.ref:gsub("^refs/heads/", "")
  for i, commit in ipairs(data.commits) do
    for kind in pairs(files) do files[kind] = files[kind] + #commit[kind] end
    emit("github_commit", tags, {
      sha = commit.id, message = commit.message and commit.message:match("[^\r\n]*"),
      author = get(commit, "author.name"), added = count(commit.added),
      modified = count(commit.modified), removed = count(commit.removed),
    }, time.parse(commit.timestamp) + i)   -- commits of a rebase share their second: i keeps them apart
  end
  emit("github_push", tags, { commits = count(data.commits), by = get(data, "pusher.name"),
    added = int(files.added), modified = int(files.modified), removed = int(files.removed),
  }, time.parse(get(data, "repository.pushed_at")))   -- so a redelivery is the same point
end

local function workflow_run(data, tags)
  if data.action == "requested" or data.action == "in_progress" then return end
  if data.action ~= "completed" then return keep("a run of which an unknown thing is said") end
  local run = data.workflow_run
  -- servers before 2021 say no start
  local ended, began = time.parse(run.updated_at or error("a run without an end")), time.parse(run.run_started_at)
  tags.workflow = run.name ~= "" and run.name or get(data, "workflow.name")
  tags.branch, tags.event, tags.conclusion = run.head_branch, run.event, run.conclusion
  emit("github_workflow_run", tags, { duration = began and (ended - began) / 1e9,
    run = int(run.run_number), attempt = int(run.run_attempt), id = int(run.id) }, ended)
end

return function(req)
  local event = req.headers["X-GitHub-Event"]
  local data = req.json or req.form.payload and json.decode(req.form.payload)
  if not event or not data then return nil, "this is no webhook of GitHub's" end
  local tags = { repository = get(data, "repository.full_name") }
  if event == "ping" then return end
  if event == "push" then return push(data, tags) end
  if event == "workflow_run" then return workflow_run(data, tags) end
  return point("github_event", merge(tags, { event = event, action = data.action }),
    { count = int(1), by = get(data, "sender.login") })
end
