-- CSV with a title line, quotes, semicolons and decimal commas, times without a
-- zone: csv.records has the names of the columns from the file; a row with more
-- or fewer of them is kept.
return function(req)
  return each(csv.records(req.text, { skip = 1, separator = ";" }), function(row)
    return point("well", { name = row.Messstelle }, { level = number(row["Pegel (m)"], ","), note = row.Bemerkung },
      time.strptime(row.Zeit or error("a row without Zeit"), "%d.%m.%Y %H:%M", "Europe/Berlin"))
  end)
end
