-- A JSON object a line (NDJSON). A line that is no JSON is left out and the
-- request kept beside its points; each() does the same for one that is JSON but
-- not what it should be.
return function(req)
  if not req.ndjson then return nil, "no lines" end
  return each(req.ndjson, function(r)
    return point("power", { phase = r.phase }, { watt = r.watt + 0 }, time.ms(r.t))
  end)
end
