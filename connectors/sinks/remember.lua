-- Put back a claim from a published event, unless something newer is known.
--
-- KEYS  1 the claim, 2 the highest seq told (or empty)
-- ARGV  1 status, 2 attempt, 3 rank, 4 replay, 5 event, 6 life in ms, 7 seq (empty: none)
--
-- Fields: see take.lua; n is the rank of what was put back. Claims that a sink wrote stand.

local c = redis.call('HMGET', KEYS[1], 's', 'i', 'n', 'r')
local newer = not c[1]
if c[1] and c[2] == '' then
  -- A replay begins anew, whatever its first life came to.
  newer = tonumber(c[3]) <= tonumber(ARGV[3]) or c[4] ~= ARGV[4]
end
if newer then
  redis.call('HSET', KEYS[1], 's', ARGV[1], 'a', ARGV[2], 'i', '', 'b', '', 'u', '0',
    'n', ARGV[3], 'r', ARGV[4], 'e', ARGV[5], 'k', '')
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
end
if ARGV[7] ~= '' then
  local told = redis.call('GET', KEYS[2])
  if not told or tonumber(told) < tonumber(ARGV[7]) then
    redis.call('SET', KEYS[2], ARGV[7], 'PX', ARGV[6])
  end
end
return newer and 1 or 0
