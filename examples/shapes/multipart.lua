-- Multipart: a form with files in it. Parts without a file name are in req.form,
-- all are in req.parts; a file may be gzipped, which its first two bytes tell.
return function(req)
  local points = {}
  for part in each(req.parts) do
    if part.filename then
      local text = part.body
      if text:sub(1, 2) == "\x1f\x8b" then text = gunzip(text) end
      for row in each(csv.records(text)) do
        points[#points + 1] = point("logger", { device = req.form.device, file = part.filename },
          { volt = number(row.volt) }, time.parse(row.time or error("no time")))
      end
    end
  end
  return points
end
