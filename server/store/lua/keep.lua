-- Keep one counselling note, if it was typed upon the one that stands; the same one again is kept already.
-- KEYS: the author's notes   ARGV: field, revision it was typed upon, the note
-- Returns 'kept' | 'stands' the note that stands
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there and there ~= ARGV[3] and cjson.decode(there).revision ~= tonumber(ARGV[2]) then
  return {'stands', there}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return {'kept'}
