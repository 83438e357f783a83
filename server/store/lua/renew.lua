-- Keep rooms: all of a node's at once, so that it costs one sync of the disk and not one a room.
-- KEYS: lease, epoch of each   ARGV: node, time to live in ms, then the epoch of each
-- Returns the epoch that each is at: another one than asked for is a room that was lost, and is left alone.
local at = {}
for i = 1, #KEYS / 2 do
  local epoch = redis.call('GET', KEYS[2 * i]) or '0'
  if epoch == ARGV[2 + i] then
    redis.call('SET', KEYS[2 * i - 1], ARGV[1], 'PX', ARGV[2]) -- also when it ran out and nobody came
  end
  at[i] = epoch
end
return at
