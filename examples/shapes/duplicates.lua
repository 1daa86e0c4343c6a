-- Equal names: in JSON the last one counts, there are no others. In a form or
-- query req.form has the last one and all(req.form, name) every one.
return function(req)
  if req.json then return point("box", { id = req.json.id }, { v = req.json.v }) end
  local sum, count = 0, 0
  for v in each(all(req.form, "v")) do
    sum, count = sum + (number(v) or 0), count + 1
  end
  return point("box", { id = req.form.id }, { v = number(req.form.v), sum = sum, count = int(count) })
end
