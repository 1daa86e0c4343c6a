-- An array at the top: each(array, f) makes a point of every element; one that
-- fails is kept with its index, and the others are stored.
return function(req)
  return each(req.json, function(r)
    return point("meter", { id = r.id }, { kwh = r.kwh + 0 }, time.parse(r.at))
  end)
end
