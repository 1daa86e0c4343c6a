-- One URL, sometimes an array, sometimes a single object: each() takes a bare
-- object as a list of one, null and nothing as an empty one.
return function(req)
  return each(req.json, function(r)
    return point("door", { id = r.id or error("a door without an id") }, { open = bool(r.open) })
  end)
end
