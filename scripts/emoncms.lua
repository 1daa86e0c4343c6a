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
    if type(values[i]) == "table" then
      fields = merge(fields, numbers(values[i]))   -- {"power":100} has its name with it
    else
      fields["value" .. i - first + 1] = number(values[i])
    end
  end
  return fields
end

local function loose(text)   -- {power1:100,power2:200}: no JSON, but sent
  local fields = {}
  for name, value in text:gmatch('([^%s{},:"]+)"?%s*:%s*"?([^,}"]*)') do fields[name] = number(value) end
  return fields
end

local function fields_of(data)
  if data.fulljson then return numbers(json.decode(data.fulljson)) end
  if data.csv then return from_list(csv.rows(data.csv, { separator = "," })[1] or {}, 1) end
  local text = data.json or data.data or ""
  local read = try(json.decode, text)
  return type(read) == "table" and numbers(read) or loose(text)
end

-- Rows are [time, node, value ...]; sentat, offset or time say when 0 was, else
-- the last row is from now.
local function zero_of(data, rows, now)
  if data.time then return time.s(data.time) end
  local age = data.sentat or data.offset or rows[#rows][1]
  return now - (time.s(age) or error("the last row has no time"))
end

local function bulk(data, now)
  local rows = json.decode(data.data)
  if #rows == 0 then return end
  local zero = zero_of(data, rows, now)
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
  return point("emoncms", { node = data.node or node }, fields_of(data), data.time and time.s(data.time))
end
