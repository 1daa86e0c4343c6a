-- For scripts whose sender counts time in seconds, to require: the time, moved
-- within its second by what identifies the event. So events of one second with
-- equal tags stay apart, and one that is delivered twice is the same point. A
-- time with a fraction, or an event without an identity, stays as it is.
return function(time_ns, id)
  if id == nil or time_ns % 1000000000 ~= 0 then return time_ns end
  return time_ns + string.unpack("<I4", hash("sha256", "" .. id)) % 1000000000
end
