-- What clients of emoncms send (emonHub, emonESP, emonPi ...):
--   emoncms  tags node
--            a field for each value under its name; those without one are
--            value1, value2 ...
-- In emonhub.conf, under [interfacers] > emoncmsorg > runtimesettings: url =
-- http://GATEWAY:8580/emoncms, apikey = A-LONG-SECRET. In emonESP: Emoncms server
-- GATEWAY:8580, path /emoncms, API key. Clients that send the key in the form
-- (older ones) need `allow` in place of the scheme.
--   { path = "/emoncms/input/*rest", script = "emoncms", method = { "GET", "POST" },
--     secrets = { "apikey" },
--     verify = { scheme = "query", name = "apikey", secret = env "EMONCMS_KEY" } },

local function from_list(values, first)
  local fields = {}
  for i = first, #values do
    local value = values[i]
    local named = type(value) == "table" and value or { ["value" .. i - first + 1] = value }   -- {"power":100} is
    for name, x in pairs(named) do fields[name] = number(x) end
  end
  return fields
end

local function loose(text)   -- {power1:100,power2:200}: no JSON, but sent
  local fields = {}
  if text:find("{", 1, true) and not text:find("}%s*$") then error("the values are cut short") end
  for name, value in text:gmatch('([^%s{},:"]+)"?%s*:%s*"?([^,}"]*)') do fields[name] = value end
  return fields
end

local function fields_of(data)
  if data.csv then return from_list(csv.rows(data.csv, { separator = "," })[1] or {}, 1) end
  local text = data.json or data.data or ""
  local values = data.fulljson and json.decode(data.fulljson) or try(json.decode, text) or loose(text)
  if type(values) ~= "table" then error("neither names nor a list of values") end
  return from_list(json.is_array(values) and values or { values }, 1)
end

-- Rows are [time, node, value ...]; sentat, offset or time say when 0 was, else
-- the last row is from now.
local function bulk(data, now)
  local rows = json.decode(data.data)
  if not json.is_array(rows) then error("no list of rows") end
  if #rows == 0 then return end
  local age = data.sentat or data.offset or get(rows, #rows, 1)
  local zero = time.s(data.time) or now - (time.s(age) or error("the last row has no time"))
  each(rows, function(row)
    emit("emoncms", { node = row[2] }, from_list(row, 3), zero + time.s(row[1]))
  end)
end

return function(req)
  reply(200, "ok")   -- clients look for the word
  local data = merge(req.query, req.form)
  local kind, node = req.params.rest:match("^(%a+)[.%a]*/?(.*)$")
  if kind == "bulk" then return bulk(data, req.time) end
  if kind ~= "post" then return nil, "there are input/post and input/bulk", 404 end
  return point("emoncms", { node = data.node or node }, fields_of(data), time.s(data.time))
end
