-- post.lua: wrk posts one file again and again and says at the end, in one line
-- that a program reads, what came of it:
--
--     wrk … -s post.lua http://127.0.0.1:PORT/path -- FILE
--     bench REQUESTS MICROSECONDS P50_US P99_US SOCKET_ERRORS STATUS_ERRORS
--
-- There is no response() here: with one, wrk hands every answer to Lua and is
-- itself what is measured. That each answer was a true one is counted on the
-- other side.

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

function init(args)
   local file = assert(io.open(args[1], "rb"))
   wrk.body = file:read("*a")
   file:close()
end

function done(summary, latency)
   local errors = summary.errors
   print(string.format("bench %d %d %d %d %d %d", summary.requests,
      summary.duration, latency:percentile(50), latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.timeout,
      errors.status))
end
