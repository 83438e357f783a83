-- Keep a room (time to live > 0) or give it back (0).
-- KEYS: lease, epoch   ARGV: node, epoch, time to live in ms
-- Returns 'ok' | 'lost' epoch
local epoch = redis.call('GET', KEYS[2]) or '0'
if epoch ~= ARGV[2] then
  return {'lost', epoch}
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3]) -- also when it ran out and nobody came
end
return {'ok'}
