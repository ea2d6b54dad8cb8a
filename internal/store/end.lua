-- What a request has brought. KEYS as for begin. Of a request that was not sent
-- after all, lease and token are given back.
local replica, known, fresh, outcome, hold, pause, cause, flying,
  minuteLeft, minuteLimit, minuteReset, hourLeft, hourLimit, hourReset,
  run, ended, age, sourced, found, scored = unpack(ARGV)
local state = open(known, fresh)
if not state then return { 'lost' } end

if run then
  local flew = redis.call('ZREM', KEYS[4], run)
  local holder = redis.call('GET', KEYS[5])
  if outcome == 'unsent' then
    if holder == replica then redis.call('DEL', KEYS[5]) end
    state.tokens = state.tokens + flew -- 0 if the script is repeated
  elseif not holder or holder == replica or redis.call('PTTL', KEYS[5]) < tonumber(hold) then
    redis.call('SET', KEYS[5], '', 'PX', hold)
  end
  if ended then
    redis.call('HSET', KEYS[6], 'at', now, 'ended', ended, 'age', age, 'sourced', sourced, 'found', found, 'scored', scored)
    redis.call('PEXPIRE', KEYS[6], LIFE)
    if ended == '1' then redis.call('PUBLISH', KEYS[1], 'ended ' .. run) end
  end
end

-- The pause ends with a probe that is answered, and lasts longer after one that
-- fails.
local probed = state.prober == replica .. ' ' .. (run or '')
if probed then
  state.prober, state.probe = '', 0
  if outcome == 'answered' and state.paused <= now then state.cause, state.pause = '', 0 end
end
if tonumber(pause) > 0 then
  state.pause = math.max(tonumber(pause), probed and math.min(MAXPAUSE, 2 * state.pause) or state.pause)
  state.paused, state.cause = math.max(state.paused, now + (probed and state.pause or pause)), cause
end

-- Nothing is known about a window that has ended until an answer tells of the
-- next one. A sliding window tells of none while its reset is within this
-- second. Two reports are about the same window if their resets are within the
-- second to which headers are rounded; then the lower number is the newer.
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
local others = math.max(0, redis.call('ZCARD', KEYS[4]) - flying)
local function learn(w, left, limit, resetIn)
  if resetIn == '' then
    if outcome ~= 'unsent' and (state[w .. 'Reset'] or 0) <= now then state[w .. 'Reset'] = 0 end
    return
  end
  local reset = now + resetIn
  left = left - others
  if (state[w .. 'Reset'] or 0) + 1000 >= reset and state[w .. 'Reset'] > now then
    left, reset = math.min(left, state[w .. 'Left']), math.min(reset, state[w .. 'Reset'])
  end
  state[w .. 'Left'], state[w .. 'Limit'], state[w .. 'Reset'] = left, limit, reset
end
learn('minute', minuteLeft, minuteLimit, minuteReset)
learn('hour', hourLeft, hourLimit, hourReset)
save(state)
return { 'ok', 0, 0, state.epoch }
