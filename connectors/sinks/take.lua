-- Take the right to send attempts of deliveries, or say why not, one after the other.
--
-- KEYS  1 the marker of a filled Redis, then for each delivery its claim and the highest seq told
-- ARGV  for each delivery a JSON list of texts: 1 attempt, 2 instance, 3 boot, 4 lease in ms,
--       5 replay, 6 seq (empty: none), 7 life in ms, 8 when the record was written, in epoch ms
-- answers for each: {'empty'}, {'go', 1 where the provider may have been called before, else 0},
--         {'wait', ms}, {'taken'}, {'known', event, kind}, {'superseded', higher seq}
--
-- The claim's fields: s state (sending, or a delivery's status), a attempt, i instance and b boot
-- of the owner (`receipt` and none where a receipt settled it: stores/receipt.lua), u end of the
-- lease, r replay, e last event, k what became known of the address.

local marker = redis.call('GET', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function take(claim, told_key, arg)
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
  end

  redis.call('HSET', claim, 's', 'sending', 'a', arg[1], 'i', arg[2], 'b', arg[3],
    'u', now + tonumber(arg[4]), 'r', replay)
  redis.call('PEXPIRE', claim, arg[7])
  return {'go', repeated}
end

local answers = {}
for i, text in ipairs(ARGV) do
  answers[i] = take(KEYS[2 * i], KEYS[2 * i + 1], cjson.decode(text))
end
return answers
