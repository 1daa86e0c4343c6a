-- Equal names: in JSON the last one counts, there are no others. In a form or
-- query req.form has the last one and all(req.form, name) every one, in order.
return function(req)
  if req.json then return point("box", { id = req.json.id }, { v = number(req.json.v) }) end
  local fields = { v = number(req.form.v) }
  for v, i in each(all(req.form, "ch[]")) do fields["ch" .. i] = number(v) end
  return point("box", { id = req.form.id }, fields)
end
