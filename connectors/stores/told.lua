-- Take over changes as triage published them. Triage wins, unless what is known is newer.
--
-- KEYS  each change's fingerprint entry (fields: see hear.lua)
-- ARGV  for each key: partition and offset of the record that opened the alert, window end, event
--       time, seq, status, time of the resolve, life in ms, alert id, with | between

local PATTERN = '^(%-?%d+)|(%-?%d+)|(%d+)|(%d+)|(%d+)|([^|]*)|(%d+)|(%d+)|(.*)$'

local function is_newer(e, id, p, o, u, t, q)
  if not e[1] then
    return false
  end
  local known_t = tonumber(e[4])
  if e[1] == id then
    return q <= tonumber(e[5])
  end
  if tonumber(e[2]) == p then
    -- Another alert was opened later. Triage said so itself, or ingest did, who is right only if
    -- its occurrence lies past this alert's window.
    return o < tonumber(e[3]) and (e[5] ~= '0' or (u ~= 0 and known_t >= u))
  end
  return t < known_t  -- offsets of two partitions do not compare: the later occurrence stands
end

for i, key in ipairs(KEYS) do
  local p, o, u, t, q, status, resolved_at, life, id = string.match(ARGV[i], PATTERN)
  local e = redis.call('HMGET', key, 'a', 'p', 'o', 't', 'q')
  if not is_newer(e, id, tonumber(p), tonumber(o), tonumber(u), tonumber(t), tonumber(q)) then
    redis.call('DEL', key)
    redis.call('HSET', key, 'a', id, 'p', p, 'o', o, 'u', u, 't', t, 'q', q, 's', status,
      'r', resolved_at)
    redis.call('PEXPIRE', key, life)
  end
end
return #KEYS
