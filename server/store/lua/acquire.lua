-- Take a room: free, run out, or ours from before a crash. The epoch grows every time.
-- KEYS: lease, epoch   ARGV: node, time to live in ms
-- Returns 'ok' epoch | 'held' node, ms left
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return {'held', holder, redis.call('PTTL', KEYS[1])}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'ok', redis.call('INCR', KEYS[2])}
