-- Campbell Scientific data loggers that post a table (TOA5, CSV):
--   campbell  tags station, table
--             a field for each column with numbers in it, under the column's
--             name: AirTC_Avg, RH ..., at the record's own time; what is NAN is
--             left out; RECORD counts the records
-- In the logger's program (CRBasic); 8 is TOA5 with a header:
--   HTTPPost("http://GATEWAY:8580/met", "FiveMin", Answer,
--     "Authorization: Bearer A-LONG-SECRET", 0, 5, Min, 8)
-- The logger's clock has no zone; put its standard time into the route.
--   { path = "/met", script = "campbell", vars = { zone = "-07:00" },
--     verify = { scheme = "bearer", secret = env "MET_TOKEN" } },

return function(req)
  local rows = csv.rows(req.text, { separator = "," })
  local about, names = table.unpack(rows, 1, 2)
  if not names or about[1] ~= "TOA5" then return nil, "this is no TOA5 table" end
  if #about ~= 8 or names[1] ~= "TIMESTAMP" then error("the first lines are not those of a TOA5 table") end
  each(table.move(rows, 5, #rows + 4, 1), function(row)
    if #row ~= #names then error("a record of another width than the names") end
    local fields = {}
    for column = 2, #names do
      local name = names[column]
      fields[name] = name == "RECORD" and int(row[column]) or number(row[column])
    end
    emit("campbell", { station = about[2], table = about[8] }, fields, time.parse(row[1], req.vars.zone))
  end)
end
