-- x
local a = { c = 1, {}, }
return { a = a, b = [==[x]==], ['a'] = { c = function() return 1 end, { } }; true }
