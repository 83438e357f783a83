-- Keep one text of its author's (a counselling note, a page of a diary), if it was typed upon the one that stands; the
-- same one again is kept already.
-- KEYS: the author's texts   ARGV: field, revision it was typed upon, the text
-- Returns 'kept' | 'stands' the one that stands
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there and there ~= ARGV[3] and cjson.decode(there).revision ~= tonumber(ARGV[2]) then
  return {'stands', there}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return {'kept'}
