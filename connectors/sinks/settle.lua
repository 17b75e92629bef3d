-- Write down what came of attempts, unless another owner has taken the claim over meanwhile.
--
-- KEYS  as for take.lua
-- ARGV  for each delivery a JSON list of texts: 1 status, 2 attempt, 3 instance, 4 boot, 5 replay,
--       6 event, 7 kind, 8 life in ms, 9 seq (empty: none), 10 life of what arrived in ms,
--       11 up to when the end of its alert waits for it, in epoch ms (empty: it ends it or has none)
-- answers for each 1 where it stands, 0 where the other owner's word does
--
-- Fields: see take.lua. That the provider took it is true whoever asked, so it is kept over a
-- claim that another still sends under. Where a receipt was quicker (stores/receipt.lua), what it
-- says stays: a yes is said beside it, and whatever else the sink came to is overtaken.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function note_told(told_key, arrived_key, arg)
  if arg[9] ~= '' then
    local told = redis.call('GET', told_key)
    if not told or tonumber(told) < tonumber(arg[9]) then
      redis.call('SET', told_key, arg[9], 'PX', arg[8])
    end
  end
  if arrived_key ~= '' then
    redis.call('SET', arrived_key, now, 'PX', arg[10])
  end
end

-- While a word on an alert is still to go out to an address, the alert's end waits for it there.
local function note_tried(tried_key, arg)
  if arg[11] == '' then
    return
  end
  local tried = redis.call('GET', tried_key)
  if arg[1] == 'retrying' or arg[1] == 'held' then
    local left = math.floor(tonumber(arg[11]) - now)
    if left > 0 and (not tried or tonumber(tried) <= tonumber(arg[9])) then
      redis.call('SET', tried_key, arg[9], 'PX', left)
    end
  elseif tried == arg[9] then
    redis.call('DEL', tried_key)
  end
end

local function settle(claim, told_key, arrived_key, tried_key, arg)
  local status = arg[1]
  if status == 'held' then
    note_tried(tried_key, arg)
    return 1
  end
  local took = status == 'sent' or status == 'delivered'
  local c = redis.call('HMGET', claim, 's', 'i', 'b', 'r')
  if c[2] == 'receipt' and c[3] == '' and c[4] == arg[5] then
    if not took then
      return 0
    end
    -- What bounced before its yes was heard reached nobody.
    note_told(told_key, c[1] == 'failed' and '' or arrived_key, arg)
    return 1
  end
  local ours = not c[1] or (c[2] == arg[3] and c[3] == arg[4])
  if not ours and not (took and (c[1] == 'sending' or c[1] == 'retrying')) then
    return 0
  end
  redis.call('HSET', claim, 's', status, 'a', arg[2], 'i', arg[3], 'b', arg[4], 'r', arg[5],
    'e', arg[6], 'k', arg[7])
  redis.call('PEXPIRE', claim, arg[8])
  note_tried(tried_key, arg)
  if took then
    note_told(told_key, arrived_key, arg)
  end
  return 1
end

local answers = {}
for i, text in ipairs(ARGV) do
  local k = 5 * i - 3
  answers[i] = settle(KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 4], cjson.decode(text))
end
return answers
