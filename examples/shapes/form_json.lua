-- JSON in a form field (Mandrill, Slack, Tautulli): decode that field. What is
-- no JSON there is the sender's fault, and gets 400.
return function(req)
  if not req.form.events then return nil, "no field events" end
  return each(json.decode(req.form.events), function(e)
    return point("mail", { event = e.event }, { ["to"] = e.msg.email, clicks = int(#(e.msg.clicks or {})) }, time.s(e.ts))
  end)
end
