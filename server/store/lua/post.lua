-- Post one hours entry: the entry, the week's total and the index, all or nothing, once.
-- KEYS: entries, posted, weeks, people
-- ARGV: entry id, digest of its facts, number, hash before it, line, hash, week, countable minutes, person
-- Returns 'posted' | 'already' number, digest | 'moved' last id, last hash
local there = redis.call('HGET', KEYS[2], ARGV[1])
if there then
  return {'already', there}
end

local last_id, last_hash = '0-0', false
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail then
  last_id, last_hash = tail[1], tail[2][4]
end
if last_id ~= (tonumber(ARGV[3]) - 1) .. '-0' or (last_hash and last_hash ~= ARGV[4]) then
  return {'moved', last_id, last_hash}
end

redis.call('XADD', KEYS[1], ARGV[3] .. '-0', 'entry', ARGV[5], 'hash', ARGV[6])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3] .. ' ' .. ARGV[2])
redis.call('HINCRBY', KEYS[3], ARGV[7], ARGV[8])
if not tail then
  redis.call('SADD', KEYS[4], ARGV[9])
end
return {'posted'}
