-- The last value: a boiler tells its mode when it changes, and its temperature
-- every minute. Each temperature is stored with the mode that it was measured in.
--   boiler  tags boiler, mode (heating, off ...): temperature (C)
--
-- Until a mode was heard (after a restart: the store is empty then) there is no
-- such tag. Changes of mode are stored as well, so nothing depends on the store.
--   boiler_mode  tags boiler: mode
return function(req)
  local data = req.json
  local name, at = "boiler/" .. data.boiler, time.s(data.at)
  if data.mode then
    store.set(name, data.mode)
    return point("boiler_mode", { boiler = data.boiler }, { mode = data.mode }, at)
  end
  return point("boiler", { boiler = data.boiler, mode = store.get(name) }, { temperature = number(data.temperature) }, at)
end
