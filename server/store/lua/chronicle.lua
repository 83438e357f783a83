-- Write one line at the end of a chronicle and into the indexes it belongs to: all or nothing, once.
-- KEYS: chronicle, ids, then each index   ARGV: id, number, hash before it, name of the line's field, line, hash
-- Returns 'written' | 'already' number | 'moved' last id, last hash
local there = redis.call('HGET', KEYS[2], ARGV[1])
if there then
  return {'already', there}
end

local last_id, last_hash = '0-0', false
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail then
  last_id, last_hash = tail[1], tail[2][4]
end
if last_id ~= (tonumber(ARGV[2]) - 1) .. '-0' or (last_hash and last_hash ~= ARGV[3]) then
  return {'moved', last_id, last_hash}
end

redis.call('XADD', KEYS[1], ARGV[2] .. '-0', ARGV[4], ARGV[5], 'hash', ARGV[6])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for i = 3, #KEYS do
  redis.call('ZADD', KEYS[i], ARGV[2], ARGV[2])
end
return {'written'}
