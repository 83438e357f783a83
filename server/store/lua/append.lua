-- Add lines to a session's log: all or none, once, and only for the node that runs the room.
-- KEYS: log, epoch, logs, owed
-- ARGV: epoch, session, seq of the first line, hash before it, seq of the last that posts hours (0: none), then line, hash, …
-- Returns 'ok' | 'fenced' epoch | 'gap' last | 'differs' seq
local epoch = redis.call('GET', KEYS[2]) or '0'
if epoch ~= ARGV[1] then
  return {'fenced', epoch}
end

local first = tonumber(ARGV[3])
local last, last_hash = 0, false
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail then
  last = tonumber(string.match(tail[1], '^(%d+)-0$'))
  last_hash = tail[2][4]
end
if not last or first > last + 1 then
  return {'gap', tail and tail[1] or '0-0'}
end
if first == last + 1 and last_hash and last_hash ~= ARGV[4] then
  return {'differs', last}
end

local seq = first
for i = 6, #ARGV, 2 do
  local id = seq .. '-0'
  if seq <= last then -- done before by an append whose answer was lost, or another history
    local there = redis.call('XRANGE', KEYS[1], id, id)[1]
    if not there or there[2][2] ~= ARGV[i] or there[2][4] ~= ARGV[i + 1] then
      return {'differs', seq}
    end
  else
    redis.call('XADD', KEYS[1], id, 'record', ARGV[i], 'hash', ARGV[i + 1])
  end
  seq = seq + 1
end

if first == 1 then
  redis.call('SADD', KEYS[3], ARGV[2])
end
-- A repeat must not owe again what was posted meanwhile: lines that were there are no news.
if tonumber(ARGV[5]) > last then
  redis.call('HSET', KEYS[4], ARGV[2], ARGV[5])
end
return {'ok'}
