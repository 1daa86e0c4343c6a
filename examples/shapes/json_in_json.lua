-- JSON in JSON: a queue that passes messages on has them as text. Some senders
-- leave the text away, others send the object itself.
return function(req)
  local inner = req.json.message
  if type(inner) == "string" then inner = json.decode(inner) end
  return point("fridge", { id = get(inner, "id") }, numbers(get(inner, "values")), time.parse(req.json.sent))
end
