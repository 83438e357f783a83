-- Put records into a hash, each in the place of what stood there, and note the turn of each that changed.
-- KEYS: the hash, the turns of its fields, and, if they are found by a score as well, that sorted set
-- ARGV: of each record its field, the record and, if there is a third key, its score
local words = #KEYS
local newest = redis.call('ZRANGE', KEYS[2], 0, 0, 'REV', 'WITHSCORES')
local turn = tonumber(newest[2] or 0)
for i = 1, #ARGV, words do
  if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then
    turn = turn + 1
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    redis.call('ZADD', KEYS[2], turn, ARGV[i])
  end
  if KEYS[3] then
    redis.call('ZADD', KEYS[3], ARGV[i + 2], ARGV[i])
  end
end
return {'put'}
