-- JSON in a form field (Mandrill, Slack, Tautulli): decode that field. What is
-- no JSON there is the sender's fault, and gets 400.
return function(req)
  if not req.form.events then return nil, "no field events" end
  return each(json.decode(req.form.events), function(e)
    local clicks = json.is_array(e.msg.clicks) and int(#e.msg.clicks) or nil
    return point("mail", { event = e.event }, { count = int(1), to = e.msg.email, clicks = clicks }, time.s(e.ts))
  end)
end
