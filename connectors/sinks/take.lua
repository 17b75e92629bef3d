-- Take the right to send attempts of deliveries, or say why not, one after the other.
--
-- KEYS  1 the marker of a filled Redis, then for each delivery its claim, the highest seq told, of
--       its intent when any of it arrived and since when a fallback is under way (or empty), and
--       the seq of its alert that is still to go out to its address (or empty)
-- ARGV  for each delivery a JSON list of texts: 1 attempt, 2 instance, 3 boot, 4 lease in ms,
--       5 replay, 6 seq (empty: none), 7 life in ms, 8 when the record was written, in epoch ms,
--       9 when it was planned where it is a fallback (else empty), 10 life of what arrived in ms,
--       11 `1` where it ends what was told before
-- answers for each: {'empty'}, {'go', 1 where the provider may have been called before, else 0},
--         {'wait', ms}, {'taken'}, {'known', event, kind},
--         {'superseded', higher seq, 0 where another channel reached the recipient}, {'behind'}
--
-- The claim's fields: s state (sending, or a delivery's status), a attempt, i instance and b boot
-- of the owner (`receipt` and none where a receipt settled it: stores/receipt.lua), u end of the
-- lease, r replay, e last event, k what became known of the address.

local marker = redis.call('GET', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- What arrived so shortly before a fallback was planned was not known to who asked for it.
local UNHEARD_MS = 1000

-- Once a fallback is under way, one that arrives is enough, whichever it is. What arrived before
-- does not count: it was taken back, or there would be no fallback.
local function reached(arrived_key, fallback_key, planned_at)
  local since = planned_at ~= '' and planned_at or redis.call('GET', fallback_key)
  local arrived = since and redis.call('GET', arrived_key)
  return arrived and tonumber(arrived) >= tonumber(since) - UNHEARD_MS
end

-- What is over is no longer to go out.
local function forget_tried(tried_key, seq)
  if tried_key ~= '' and redis.call('GET', tried_key) == seq then
    redis.call('DEL', tried_key)
  end
end

-- An end goes nowhere alone: where nothing of its alert was told, its beginning goes first.
local function is_behind(tried_key, arg)
  local tried = arg[11] == '1' and redis.call('GET', tried_key)
  return tried and tonumber(tried) < tonumber(arg[6])
end

local function take(claim, told_key, arrived_key, fallback_key, tried_key, arg)
  if not marker then
    return {'empty'}
  end
  local attempt, replay = tonumber(arg[1]), arg[5]
  local c = redis.call('HMGET', claim, 's', 'a', 'i', 'b', 'u', 'r', 'e', 'k')
  local state, repeated = c[1], 0

  if not state then
    -- Written before Redis was filled anew: what was known of it may be lost.
    if tonumber(arg[8]) < tonumber(marker) then
      repeated = 1
    end
  else
    local known = tonumber(c[2])
    local again = replay ~= '' and replay ~= c[6]
    if again and (state == 'failed' or state == 'expired' or state == 'suppressed') then
      known = 0  -- attempts begin anew
    elseif state ~= 'sending' and state ~= 'retrying' then
      forget_tried(tried_key, arg[6])
      return {'known', c[7], c[8]}
    elseif replay ~= c[6] or attempt < known then
      return {'taken'}
    elseif state == 'retrying' then
      if attempt == known then
        return {'known', c[7], c[8]}
      end
    else
      local restarted = c[3] == arg[2] and c[4] ~= arg[3]
      local left = tonumber(c[5]) - now
      if left > 0 and not restarted then
        return {'wait', left}
      end
      if attempt == known then
        repeated = 1
      end
    end
  end

  if arg[6] ~= '' then
    local told = redis.call('GET', told_key)
    if told and tonumber(told) > tonumber(arg[6]) then
      return {'superseded', told}
    end
    if not told and is_behind(tried_key, arg) then
      return {'behind'}
    end
  end
  if arrived_key ~= '' then
    if reached(arrived_key, fallback_key, arg[9]) then
      return {'superseded', '0'}
    end
    if arg[9] ~= '' then
      redis.call('SET', fallback_key, arg[9], 'PX', arg[10], 'NX')
    end
  end

  redis.call('HSET', claim, 's', 'sending', 'a', arg[1], 'i', arg[2], 'b', arg[3],
    'u', now + tonumber(arg[4]), 'r', replay)
  redis.call('PEXPIRE', claim, arg[7])
  return {'go', repeated}
end

local answers = {}
for i, text in ipairs(ARGV) do
  local k = 5 * i - 3
  local arg = cjson.decode(text)
  answers[i] = take(KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 3], KEYS[k + 4], arg)
end
return answers
