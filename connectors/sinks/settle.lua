-- Write down what came of an attempt, unless another owner has taken the claim over meanwhile.
--
-- KEYS  1 the claim, 2 the highest seq told (or empty)
-- ARGV  1 status, 2 attempt, 3 instance, 4 boot, 5 replay, 6 event, 7 kind, 8 life in ms,
--       9 seq (empty: none)
-- answers 1 where it stands, 0 where the other owner's word does
--
-- Fields: see take.lua. That the provider took it is true whoever asked, so it is kept over a
-- claim that another still sends under.

local status = ARGV[1]
local took = status == 'sent' or status == 'delivered'
local c = redis.call('HMGET', KEYS[1], 's', 'i', 'b')
local ours = not c[1] or (c[2] == ARGV[3] and c[3] == ARGV[4])
if not ours and not (took and (c[1] == 'sending' or c[1] == 'retrying')) then
  return 0
end
redis.call('HSET', KEYS[1], 's', status, 'a', ARGV[2], 'i', ARGV[3], 'b', ARGV[4], 'r', ARGV[5],
  'e', ARGV[6], 'k', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[8])
if took and ARGV[9] ~= '' then
  local told = redis.call('GET', KEYS[2])
  if not told or tonumber(told) < tonumber(ARGV[9]) then
    redis.call('SET', KEYS[2], ARGV[9], 'PX', ARGV[8])
  end
end
return 1
