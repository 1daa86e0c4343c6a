-- rival.lua: what somebody would write by hand inside nginx for the mappings of
-- scripts/thethingsstack.lua and of readings.lua: JSON by cjson, a line of
-- line protocol, into a batch in memory that is thrown away when it is full.
--
-- `run` compares its lines with the gateway's, so it does the same work, apart
-- from what nobody does by hand: every number is a double, limits on depth,
-- time and memory are missing, and numbers have 14 digits.

local cjson = require "cjson.safe"

local BATCH_LINES = 5000
local ESCAPES = { [","] = "\\,", [" "] = "\\ ", ["="] = "\\=" }

local rival = {}
local batch, held, total, newest = {}, 0, 0, ""

local function store(line)
   held, total, newest = held + 1, total + 1, line
   batch[held] = line
   if held == BATCH_LINES then
      table.concat(batch, "\n")
      held = 0
   end
end

local function escape(text)
   return (text:gsub("[,= ]", ESCAPES))
end

local function quote(text)
   return '"' .. text:gsub('["\\]', "\\%0") .. '"'
end

-- Days since 1970-01-01 of a date in the Gregorian calendar, counted in years
-- that begin in March.
local function days(year, month, day)
   if month <= 2 then
      year, month = year - 1, month + 12
   end
   return 365 * year + math.floor(year / 4) - math.floor(year / 100)
      + math.floor(year / 400) + math.floor((153 * month - 457) / 5)
      + day - 719469
end

local function nanoseconds(text)
   local year, month, day, hour, minute, second, fraction = text:match(
      "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.?(%d*)Z$")
   local seconds = days(tonumber(year), tonumber(month), tonumber(day)) * 86400
      + hour * 3600 + minute * 60 + second
   return string.format("%d", seconds) .. (fraction .. "000000000"):sub(1, 9)
end

local function add_field(fields, name, value)
   local kind = type(value)
   if kind == "number" then
      fields[#fields + 1] = escape(name) .. "=" .. value
   elseif kind == "string" then
      fields[#fields + 1] = escape(name) .. "=" .. quote(value)
   elseif kind == "boolean" then
      fields[#fields + 1] = escape(name) .. "=" .. tostring(value)
   end
end

local function add_count(fields, name, value)
   if value then
      fields[#fields + 1] = string.format("%s=%di", name, value)
   end
end

local function flatten(fields, prefix, values)
   for name, value in pairs(values) do
      if type(value) == "table" then
         flatten(fields, prefix .. name .. "_", value)
      else
         add_field(fields, prefix .. name, value)
      end
   end
end

local function body()
   ngx.req.read_body()
   local message = cjson.decode(ngx.req.get_body_data() or "")
   if type(message) ~= "table" then
      ngx.exit(ngx.HTTP_BAD_REQUEST)
   end
   return message
end

local function add_link(fields, up)
   local rssi, snr, gateways = nil, nil, 0
   for _, rx in ipairs(up.rx_metadata or {}) do
      gateways = gateways + 1
      if rx.rssi and (not rssi or rx.rssi > rssi) then
         rssi, snr = rx.rssi, rx.snr or 0
      end
   end
   add_field(fields, "rssi", rssi)
   add_field(fields, "snr", snr)
   add_count(fields, "gateways", gateways)
end

local function add_radio(fields, up)
   local settings = up.settings or {}
   local lora = settings.data_rate and settings.data_rate.lora
   local airtime = (up.consumed_airtime or ""):match("^([%d.]+)s$")
   add_count(fields, "frames", up.f_cnt or 0)
   add_count(fields, "port", up.f_port or 0)
   add_count(fields, "spreading_factor", lora and lora.spreading_factor)
   add_field(fields, "frequency", tonumber(settings.frequency))
   add_field(fields, "airtime", tonumber(airtime))
end

function rival.uplink()
   local message = body()
   local up, ids = message.uplink_message, message.end_device_ids
   local fields = {}
   flatten(fields, "", up.decoded_payload)
   add_link(fields, up)
   add_radio(fields, up)
   store("lorawan,app=" .. escape(ids.application_ids.application_id)
      .. ",device=" .. escape(ids.device_id) .. " "
      .. table.concat(fields, ",") .. " "
      .. nanoseconds(up.received_at or message.received_at))
   ngx.exit(ngx.HTTP_NO_CONTENT)
end

function rival.readings()
   for _, reading in ipairs(body().readings) do
      local fields = {}
      add_field(fields, "temperature", reading.temperature)
      add_field(fields, "humidity", reading.humidity)
      store("climate,sensor=" .. escape(reading.sensor) .. " "
         .. table.concat(fields, ",") .. " " .. reading.at .. "000000000")
   end
   ngx.exit(ngx.HTTP_NO_CONTENT)
end

function rival.lines()
   ngx.print(total)
end

function rival.last()
   ngx.print(newest)
end

return rival
