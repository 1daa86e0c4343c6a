-- A header or the query says what the body is: a function a kind, by its name.
-- A kind nobody knows is kept, to look at; names of headers are in any case.
local kinds = {
  reading = function(req)
    return point("reading", { id = req.query.id }, { v = number(req.data.v) })
  end,
  alarm = function(req)
    return point("alarm", { id = req.query.id }, { text = req.data.text, level = int(req.data.level) })
  end,
  hello = function() end,
}

return function(req)
  local kind = req.headers["X-Kind"] or req.query.kind or "reading"
  if not kinds[kind] then return keep("a kind nobody knows: " .. kind) end
  return kinds[kind](req)
end
