-- Give a room back, if it is still ours to give.
-- KEYS: lease, epoch   ARGV: epoch
if (redis.call('GET', KEYS[2]) or '0') == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 'ok'
