-- Keep records, each if it was typed upon the revision that stands: all of them or none.
-- KEYS: of each record its kind's hash, the turns of that, and its history
-- ARGV: of each record its id, the revision it was typed upon, the record ('revision {…}'), and 1 if its past is kept
-- The same again is kept already. Returns 'kept' | 'stale' which of them (from 1)
for i = 1, #KEYS / 3 do
  local there = redis.call('HGET', KEYS[3 * i - 2], ARGV[4 * i - 3])
  local stands = there and tonumber(string.match(there, '^%d+')) or 0
  if there ~= ARGV[4 * i - 1] and stands ~= tonumber(ARGV[4 * i - 2]) then
    return {'stale', i}
  end
end
for i = 1, #KEYS / 3 do
  local kind, turns, past = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local id, record = ARGV[4 * i - 3], ARGV[4 * i - 1]
  if redis.call('HGET', kind, id) ~= record then
    local newest = redis.call('ZRANGE', turns, 0, 0, 'REV', 'WITHSCORES')
    redis.call('HSET', kind, id, record)
    redis.call('ZADD', turns, tonumber(newest[2] or 0) + 1, id)
    if ARGV[4 * i] == '1' then
      redis.call('RPUSH', past, record)
    end
  end
end
return {'kept'}
