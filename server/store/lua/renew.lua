-- Keep rooms, and what proves life in them: all of a node's at once, so that it costs one sync of the disk, not one a room.
-- KEYS: lease, epoch, proofs of each   ARGV: node, time to live in ms, then of each: epoch, at, heard ('': keep nothing), spoke
-- Returns the epoch that each is at: another one than asked for is a room that was lost, and is left alone.
local epochs = {}
for i = 1, #KEYS / 3 do
  local lease, epoch_key, proofs = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local epoch, at, heard, spoke = ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1], ARGV[4 * i + 2]
  epochs[i] = redis.call('GET', epoch_key) or '0'
  if epochs[i] == epoch then
    redis.call('SET', lease, ARGV[1], 'PX', ARGV[2]) -- also when it ran out and nobody came
    if heard == '' then
      redis.call('DEL', proofs)
    elseif tonumber(at) >= tonumber(redis.call('HGET', proofs, 'at') or '0') then -- else it was under way for long
      redis.call('HSET', proofs, 'at', at, 'heard', heard, 'spoke', spoke)
    end
  end
end
return epochs
