-- May a request be sent now? KEYS, if it is for a run: 5 the run's floor, 6 its
-- newest state, and its name among the arguments.
local replica, known, fresh, kind, keep, perMinute, burst, overdue, lastSeen, run = unpack(ARGV)
local state = open(known, fresh)
if not state then return { 'lost' } end
local replicas, part = attend(replica, 0)
local rate = refill(state, perMinute, burst, part)
local wait = 0

local function reply(verdict, ...)
  save(state)
  return { verdict, math.ceil(wait), replicas, state.epoch, ... }
end

-- The run: neither while another replica asks, nor before the floor is over. A
-- lease of this replica's own is left from a decision that it never heard of. A
-- wait is told first what another replica has seen since, so that the run keeps
-- its place in the order.
if run then
  local holder, seen = redis.call('GET', KEYS[5]), read(KEYS[6])
  local leased, ago = holder and holder ~= '' and holder ~= replica, seen.at and now - seen.at
  if holder and holder ~= replica then wait = math.max(1, redis.call('PTTL', KEYS[5])) end
  lastSeen = tonumber(lastSeen)
  local news = kind == 'wait' and ago and ago < LEASE and seen.ended == 0 and (lastSeen < 0 or ago + 1000 < lastSeen)
  if news or wait > PATIENCE then
    if not leased then wait = math.max(PATIENCE, wait) end
    if not ago then return reply('run', leased and 1 or 0) end
    return reply('run', leased and 1 or 0, ago, seen.ended, seen.age, seen.sourced, seen.found, seen.scored)
  end
end

-- The key: pauses, a quiet time, used-up windows.
local probing = state.cause ~= ''
wait = math.max(wait, state.quiet - now)
if probing then
  wait = math.max(wait, state.paused - now)
  if state.paused <= now and state.probe > now then wait = math.max(wait, math.min(1000, state.probe - now)) end
end
for _, w in ipairs({ 'minute', 'hour' }) do
  local reset = state[w .. 'Reset'] or 0
  if reset > 0 and state[w .. 'Left'] <= 0 then
    wait = math.max(wait, reset > now and reset - now or (state[w .. 'Probe'] or 0) + FLOOR - now)
  end
end
if wait > PATIENCE then return reply('key', state.cause) end

-- The rate. Of each kind the run that has been due for longest goes first,
-- whoever asks for it; the kinds alternate, unless waits only keep the hour's
-- pace; and waits leave tokens for gets.
if kind ~= 'start' then
  local turns, gets, others, due = 1, kind == 'get', false, now - overdue
  for name, claim in pairs(read(KEYS[3])) do
    local whose, what = name:match('^(.*) (.*)$')
    local since, ends, paced = claim:match('^(.*) (.*) (.*)$')
    if tonumber(ends) < now then
      redis.call('HDEL', KEYS[3], name)
    elseif what == kind then
      if whose ~= replica and tonumber(since) < due then turns = turns + 1 end
    elseif paced == '0' then
      others, gets = true, true
    end
  end
  local need = turns
  if not gets then need = need + math.min(keep, state.burst - 1) end
  if others and state.last == kind then need = need + 1 end
  local short = need - state.tokens
  wait = math.max(wait, short / rate)
  if kind == 'wait' and (state.hourReset or 0) > now and state.hourLeft > 0 and state.hourLimit > 0 then
    local pace = (state.hourReset - now) / state.hourLeft
    if pace * state.hourLimit * EVEN > 3600000 then wait = math.max(wait, (state.lastWait or 0) + turns * pace - now) end
  end
  if wait > PATIENCE then
    local ends, paced = now + math.min(wait + 1000, MISSING), short > 0 and 0 or 1
    redis.call('HSET', KEYS[3], replica .. ' ' .. kind, due .. ' ' .. ends .. ' ' .. paced)
    redis.call('PEXPIRE', KEYS[3], REMEMBERED)
    return reply('rate')
  end
  redis.call('HDEL', KEYS[3], replica .. ' ' .. kind)
  state.last = kind
end

-- Granted.
state.tokens = state.tokens - 1
if kind == 'wait' then state.lastWait = now end
for _, w in ipairs({ 'minute', 'hour' }) do
  if state[w .. 'Left'] then
    if state[w .. 'Left'] <= 0 then state[w .. 'Probe'] = now end
    state[w .. 'Left'] = state[w .. 'Left'] - 1
  end
end
if probing then
  state.probe, state.prober = now + LEASE, replica .. ' ' .. (run or '')
end
if run then
  redis.call('SET', KEYS[5], replica, 'PX', LEASE)
  redis.call('ZADD', KEYS[4], now + LEASE, run)
  redis.call('PEXPIRE', KEYS[4], LEASE)
end
return reply('granted')
