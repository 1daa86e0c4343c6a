-- null against absent: a thermostat sends only what has changed, and null for
-- what has been switched off. In req.json both are nil; decoded once more with
-- { null = true }, null is json.null.
return function(req)
  local b = json.decode(req.text, { null = true })
  local target, off = number(b.target), nil
  if b.target == json.null then off = true elseif target then off = false end
  return point("heating", { room = b.room }, { target = target, off = off })
end
