-- readings.lua: a logger that posts a day's readings at once.
return function(req)
   for reading in each(req.json.readings) do
      emit("climate", { sensor = reading.sensor }, {
         temperature = reading.temperature,
         humidity = reading.humidity,
      }, time.s(reading.at))
   end
end
