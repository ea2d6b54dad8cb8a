-- The beginning of every script. All times are milliseconds of the store's
-- clock; what replicas send and receive are only durations.
-- KEYS: 1 the key's state, 2 its replicas, 3 who waits for a token,
-- 4 the requests in flight. Go puts the constants in front.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function read(key)
  local list, fields = redis.call('HGETALL', key), {}
  for i = 1, #list, 2 do
    fields[list[i]] = tonumber(list[i + 1]) or list[i + 1]
  end
  return fields
end

-- The key's state, which is new if the store has none. It is nil if it is not
-- the one that the replica remembers, because the store has lost that.
local function open(known, fresh)
  local state = read(KEYS[1])
  if known ~= '' and known ~= state.epoch then return nil end
  if not state.epoch then
    -- One token, since the lost state may have allowed a burst just now.
    state = { epoch = fresh, tokens = 1, at = now, paused = 0, pause = 0, probe = 0, quiet = 0, cause = '' }
  end
  return state
end

local function save(state)
  local list = {}
  for name, value in pairs(state) do
    list[#list + 1] = name
    list[#list + 1] = value
  end
  redis.call('HSET', KEYS[1], unpack(list))
  redis.call('PEXPIRE', KEYS[1], math.max(LIFE, state.paused - now + LIFE))
end

-- Notes that the replica is there, and may be silent for a time. Returns how
-- many replicas there are, and the part of them that is not silent for longer:
-- such a one may be alive, and using its part of the budget without the store.
local function attend(replica, silent)
  redis.call('ZADD', KEYS[2], now + silent, replica)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - REMEMBERED)
  redis.call('PEXPIRE', KEYS[2], LIFE + REMEMBERED)
  local all = redis.call('ZCARD', KEYS[2])
  return all, redis.call('ZCOUNT', KEYS[2], now - MISSING, '+inf') / all
end

-- Refills the bucket, and returns the tokens a millisecond. Of the rates that
-- replicas have had of late the lowest counts for all, since a new replica does
-- not know yet what InstaView has told the others. With a larger bucket it would
-- also wait for tokens that never come, because the others' are full before.
local function refill(state, perMinute, burst, part)
  perMinute, burst = tonumber(perMinute), tonumber(burst)
  if perMinute <= (state.perMinute or perMinute) or state.rateEnds < now then
    state.perMinute, state.burst, state.rateEnds = perMinute, burst, now + REMEMBERED
  end
  local rate = state.perMinute / 60000 * part
  state.tokens = math.min(state.burst, state.tokens + math.max(0, now - state.at) * rate)
  state.at = now
  return rate
end
