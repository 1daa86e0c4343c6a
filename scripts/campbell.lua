-- Campbell Scientific data loggers that post a table (TOA5, CSV):
--   campbell  tags station, table
--             a field for each column with numbers in it, under the column's
--             name: AirTC_Avg, RH ..., at the record's own time; what is NAN is
--             left out; RECORD counts the records
-- In the logger's program (CRBasic), after the table is called:
--   HTTPPost("http://GATEWAY:8580/met", "FiveMin", Answer,
--     "Authorization: Bearer A-LONG-SECRET", 7500, 0, 5, Min, 8)
-- The logger's clock has no zone; put its standard time into the route.
--   { path = "/met", script = "campbell", vars = { zone = "-07:00" },
--     verify = { scheme = "bearer", secret = env "MET_TOKEN" } },

return function(req)
  local rows = csv.rows(req.text, { separator = "," })
  local about, names = rows[1], rows[2]
  if not names or about[1] ~= "TOA5" then return nil, "this is no TOA5 table" end
  local tags = { station = about[2], table = about[8] }
  each(csv.records(req.text, { separator = ",", header = names, skip = 4 }), function(record)
    local fields, at = numbers(record), time.parse(record.TIMESTAMP, req.vars.zone)
    if not at then error("a record without TIMESTAMP") end
    fields.TIMESTAMP, fields.RECORD = nil, int(record.RECORD)
    emit("campbell", tags, fields, at)
  end)
end
