-- Take over one change as triage published it. Triage wins, unless what is known is newer.
--
-- KEYS[1] the fingerprint's entry (fields: see hear.lua)
-- ARGV    alert id, partition and offset of the record that opened it, window end, event time,
--         seq, status, time of the resolve, life in ms

local id, p, o = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local u, t, q = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local e = redis.call('HMGET', KEYS[1], 'a', 'p', 'o', 't', 'q')
if e[1] then
  local known_t = tonumber(e[4])
  if e[1] == id then
    if q <= tonumber(e[5]) then
      return 0
    end
  elseif tonumber(e[2]) == p then
    if o < tonumber(e[3]) then
      -- Another alert was opened later. Triage said so itself, or ingest did, who is right only
      -- if its occurrence lies past this alert's window.
      if e[5] ~= '0' or (u ~= 0 and known_t >= u) then
        return 0
      end
    end
  elseif t < known_t then
    return 0  -- other partitions cannot be compared by offset: the later occurrence stands
  end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'a', id, 'p', ARGV[2], 'o', ARGV[3], 'u', ARGV[4], 't', ARGV[5],
  'q', ARGV[6], 's', ARGV[7], 'r', ARGV[8])
redis.call('PEXPIRE', KEYS[1], ARGV[9])
return 1
