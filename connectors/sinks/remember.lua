-- Put back a claim from a published event, unless something newer is known.
--
-- KEYS  1 the claim, 2 the highest seq told, 3 when anything of its intent arrived, 4 since when a
--       fallback is under way (or empty), 5 the seq of its alert that is still to go out
-- ARGV  1 status, 2 attempt, 3 rank, 4 replay, 5 event, 6 life in ms, 7 seq (empty: none),
--       8 when it arrived (empty: it did not), 9 when it was planned where it is a fallback (else
--       empty), 10 life of what arrived in ms, 11 seq where the alert's end waits for it
--       (else empty), 12 for how long, in ms
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
if ARGV[8] ~= '' and KEYS[3] ~= '' then
  local arrived = redis.call('GET', KEYS[3])
  if not arrived or tonumber(arrived) < tonumber(ARGV[8]) then
    redis.call('SET', KEYS[3], ARGV[8], 'PX', ARGV[10])
  end
end
if ARGV[9] ~= '' and KEYS[4] ~= '' then
  local since = redis.call('GET', KEYS[4])
  if not since or tonumber(since) > tonumber(ARGV[9]) then
    redis.call('SET', KEYS[4], ARGV[9], 'PX', ARGV[10])
  end
end
if newer and ARGV[11] ~= '' then
  local tried = redis.call('GET', KEYS[5])
  if ARGV[1] ~= 'retrying' then
    if tried == ARGV[11] then
      redis.call('DEL', KEYS[5])
    end
  elseif ARGV[12] ~= '0' and (not tried or tonumber(tried) <= tonumber(ARGV[11])) then
    redis.call('SET', KEYS[5], ARGV[11], 'PX', ARGV[12])
  end
end
return newer and 1 or 0
