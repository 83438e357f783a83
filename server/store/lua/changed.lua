-- What of a hash was put since a turn that was heard of before.
-- KEYS: the hash, the turns of its fields
-- ARGV: the turn (-1: nothing was heard of yet), whose it was, and 1 if the records are wanted, not the fields alone
-- Returns the newest turn, whose it is, 1 if all that is there is meant, and then fields, or fields and records.
-- All is meant at first, when much has changed, and when the turn that was heard of is not there any more.
local MANY = 2000
local newest = redis.call('ZRANGE', KEYS[2], 0, 0, 'REV', 'WITHSCORES')
local heard = tonumber(ARGV[1])
local answer = {tonumber(newest[2] or 0), newest[1] or '', 0}
local fields = {}
local all = heard < 0
if heard > 0 then
  local stands = redis.call('ZSCORE', KEYS[2], ARGV[2])
  all = not stands or tonumber(stands) < heard
end
if not all then
  fields = redis.call('ZRANGE', KEYS[2], '(' .. ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, MANY)
  all = #fields == MANY
end
if all then
  answer[3] = 1
  if ARGV[3] == '1' then
    for _, each in ipairs(redis.call('HGETALL', KEYS[1])) do
      answer[#answer + 1] = each
    end
  end
  return answer
end
for _, field in ipairs(fields) do
  answer[#answer + 1] = field
  if ARGV[3] == '1' then
    answer[#answer + 1] = redis.call('HGET', KEYS[1], field)
  end
end
return answer
