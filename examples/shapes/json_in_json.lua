-- JSON in JSON: a queue that passes messages on has them as text. Some senders
-- leave the text away, others send the object itself.
return function(req)
  local inner = req.json.message
  if type(inner) == "string" then inner = json.decode(inner) end
  local values = get(inner, "values") or error("a message without values")
  return point("fridge", { id = inner.id }, numbers(values), time.parse(req.json.sent))
end
