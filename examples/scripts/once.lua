-- Each delivery once: a shop calls with every order, says no time, and calls again
-- when it did not like the answer. Stored are orders that one can count.
--   orders  tags shop: count=1, amount
--
-- Without this, the second call would be a second point, at its own receipt time.
-- With it the second call gets the time of the first, so it is the same point
-- again, and InfluxDB has it once. To drop the second call would be shorter,
--   if not store.add(id, "24h") then return end
-- and lose the order if the first call is under way still when the second is
-- answered, and then cannot be stored.
return function(req)
  local id = req.headers["X-Delivery"] or error("a delivery without an id")
  local at = req.time
  if not store.add("orders/" .. id, at, "24h") then at = store.get("orders/" .. id) or at end
  return point("orders", { shop = req.json.shop }, { count = int(1), amount = number(req.json.amount) }, at)
end
