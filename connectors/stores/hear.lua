-- Judge one occurrence against what is known of its fingerprint, and note it where it is new.
--
-- KEYS[1] the fingerprint's entry
-- ARGV    alert id it would open, partition, offset, window end (0: never), event time, life in ms
-- answers {1, alert id} duplicate, {0, alert id} not, or false where it cannot be known
--
-- The entry's fields: a alert id; p, o place of the record that opened it; u window end;
-- t event time last told; q seq (0: provisional, written here); s status; r time of the resolve;
-- ro offset of the occurrence that reopened it, provisionally.

local id, p, o = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local u, t, life = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local function open_ours()
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'a', id, 'p', ARGV[2], 'o', ARGV[3], 'u', ARGV[4], 't', ARGV[5],
    'q', '0', 's', 'open', 'r', '0')
  redis.call('PEXPIRE', KEYS[1], life)
  return {0, id}
end

local e = redis.call('HMGET', KEYS[1], 'a', 'p', 'o', 'u', 't', 'q', 's', 'r', 'ro')
if not e[1] then
  return open_ours()
end
local provisional, same_partition = e[6] == '0', tonumber(e[2]) == p
local opened, ends, resolved_at = tonumber(e[3]), tonumber(e[4]), tonumber(e[8])

if same_partition then
  if o == opened then
    return {0, e[1]}
  end
  if o < opened then
    if provisional then
      return open_ours()  -- ours stands before it, so triage will meet ours first
    end
    return false  -- triage is past our record, and its alert has been replaced since
  end
end
if ends ~= 0 and t >= ends then
  return open_ours()
end
if e[9] then
  local reopened = tonumber(e[9])
  if same_partition and o < reopened then
    redis.call('HSET', KEYS[1], 'ro', ARGV[3])
    return {0, e[1]}
  end
  if same_partition and o == reopened then
    return {0, e[1]}
  end
  return {1, e[1]}
end
if e[7] == 'resolved' and t >= resolved_at then
  redis.call('HSET', KEYS[1], 's', 'open', 'ro', ARGV[3])
  return {0, e[1]}
end
return {1, e[1]}
