-- Let what a provider reports of an attempt settle its delivery's claim, where it is still open.
--
-- KEYS  1 the claim
-- ARGV  1 status (sent, delivered or failed), 2 attempt, 3 replay, 4 event, 5 life in ms
-- answers {1, the event that stood there or ''} where the claim changed, else {0, ''}
--
-- Fields: see sinks/take.lua. The owner becomes `receipt` of no boot: settle.lua lets a sink that
-- is still waiting for its answer say its yes beside it, and nothing else.

local status, attempt = ARGV[1], tonumber(ARGV[2])
local c = redis.call('HMGET', KEYS[1], 's', 'a', 'r', 'e')
local state = c[1]
if not state or c[3] ~= ARGV[3] then
  return {0, ''}
end
local known = tonumber(c[2])
local open = state == 'sending' or state == 'retrying'
local changes
if status == 'failed' then
  -- What an attempt came to says nothing of a later one.
  changes = attempt >= known and (open or state == 'sent' or state == 'delivered')
else
  changes = open or (state == 'sent' and status == 'delivered')
end
if not changes then
  return {0, ''}
end
redis.call('HSET', KEYS[1], 's', status, 'i', 'receipt', 'b', '', 'e', ARGV[4], 'k', '')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {1, open and c[4] or ''}
