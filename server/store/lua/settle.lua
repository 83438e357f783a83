-- A session's log was turned into hours up to seq: nothing is owed unless a note was signed after it.
-- KEYS: cursors, owed   ARGV: session, seq
local cursor = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if tonumber(ARGV[2]) > cursor then
  cursor = tonumber(ARGV[2])
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
local owed = redis.call('HGET', KEYS[2], ARGV[1])
if owed and tonumber(owed) <= cursor then
  redis.call('HDEL', KEYS[2], ARGV[1])
end
return {'ok'}
