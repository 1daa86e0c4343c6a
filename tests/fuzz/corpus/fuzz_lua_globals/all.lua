local a <const>, b = c
for k, v in pairs(a) do k.x = v:y{1, z = 2} end
return function(req) repeat local q until req.x ~= [=[t]=] goto e ::e:: end
