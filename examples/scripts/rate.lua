-- A rate from a counter: a water meter posts how many litres it has counted since
-- it was built; stored is that, and how much flows.
--   water  tags meter: total (l), flow (l/min, since the reading before)
--
-- The last reading is kept in the store, which all workers share and a restart
-- empties: then, after a gap of a day, and for a meter's first reading there is a
-- total and no flow. So there is when the counter went back (the meter was
-- replaced), and when a reading comes late or twice: the newest stays the last.
return function(req)
  local data = req.json
  local total, at = number(data.litres), time.s(data.at)
  if not total or not at then error("a reading needs litres and at") end

  local name = "water/" .. data.meter
  local last_at, last_total = (store.get(name) or ""):match("^(%d+) (.+)$")
  local seconds = last_at and (at - number(last_at)) / 1e9
  local flow
  if not last_at or seconds > 0 then
    if last_at and total >= number(last_total) then flow = (total - last_total) / seconds * 60 end
    store.set(name, at .. " " .. total, "24h")   -- one text, so that no worker sees half of it
  end
  return point("water", { meter = data.meter }, { total = total, flow = round(flow, 3) }, at)
end
