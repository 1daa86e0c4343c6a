-- Latin-1, UTF-16, a byte order mark: req.text, req.json and the form are UTF-8
-- whatever the content type says the bytes are. Nothing to write; req.body has
-- the bytes. (A sender that says nothing and means Latin-1: a route with
-- content_type = "application/json; charset=iso-8859-1".)
return function(req)
  return point("room", { name = req.data.name }, { temp = number(req.data.temp) })
end
