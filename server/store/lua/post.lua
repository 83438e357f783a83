-- Post hours entries of one person: entries, weeks' totals and index, all or nothing, once.
-- KEYS: entries, posted, weeks, people
-- ARGV: person, number of the first, hash before it, then of each: entry id, digest of its facts, line, hash, week, minutes
-- Returns 'posted' | 'already' number and digest of each, false where none | 'moved' last id, last hash
local there, all = false, {'already'}
for i = 4, #ARGV, 6 do
  all[#all + 1] = redis.call('HGET', KEYS[2], ARGV[i])
  there = there or all[#all]
end
if there then
  return all
end

local number = tonumber(ARGV[2])
local last_id, last_hash = '0-0', false
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail then
  last_id, last_hash = tail[1], tail[2][4]
end
if last_id ~= (number - 1) .. '-0' or (last_hash and last_hash ~= ARGV[3]) then
  return {'moved', last_id, last_hash}
end

for i = 4, #ARGV, 6 do
  redis.call('XADD', KEYS[1], number .. '-0', 'entry', ARGV[i + 2], 'hash', ARGV[i + 3])
  redis.call('HSET', KEYS[2], ARGV[i], number .. ' ' .. ARGV[i + 1])
  redis.call('HINCRBY', KEYS[3], ARGV[i + 4], ARGV[i + 5])
  number = number + 1
end
if not tail then
  redis.call('SADD', KEYS[4], ARGV[1])
end
return {'posted'}
