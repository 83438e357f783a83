-- Post hours entries of one person: entries, weeks' totals and index, all or nothing, once.
-- KEYS: entries, posted, weeks, people
-- ARGV: person, 'number hash', of the first and before it, then of each: 'id digest hash week minutes', line
-- Short words share an argument, for each costs the client more than it costs here to part them again.
-- Returns 'posted' | 'already' number and digest of each, false where none | 'moved' last id, last hash
local there, all = false, {'already'}
for i = 3, #ARGV, 2 do
  all[#all + 1] = redis.call('HGET', KEYS[2], string.match(ARGV[i], '^%S+'))
  there = there or all[#all]
end
if there then
  return all
end

local number, before = string.match(ARGV[2], '^(%d+) (%S+)$')
number = tonumber(number)
local last_id, last_hash = '0-0', false
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail then
  last_id, last_hash = tail[1], tail[2][4]
end
if last_id ~= (number - 1) .. '-0' or (last_hash and last_hash ~= before) then
  return {'moved', last_id, last_hash}
end

for i = 3, #ARGV, 2 do
  local id, digest, hash, week, minutes = string.match(ARGV[i], '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
  redis.call('XADD', KEYS[1], number .. '-0', 'entry', ARGV[i + 1], 'hash', hash)
  redis.call('HSET', KEYS[2], id, number .. ' ' .. digest)
  redis.call('HINCRBY', KEYS[3], week, minutes)
  number = number + 1
end
if not tail then
  redis.call('SADD', KEYS[4], ARGV[1])
end
return {'posted'}
