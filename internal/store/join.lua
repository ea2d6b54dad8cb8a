-- A replica says that it is there, and for how long it may be silent; that it
-- leaves; or that it comes back after a time without the store. Then KEYS from 5
-- on are the floors of its runs, and the arguments hold for each how long and
-- whether a request is in flight.
local replica, known, fresh, what, spent, perMinute, burst, pause, cause = unpack(ARGV)
if what == 'left' then
  redis.call('ZREM', KEYS[2], replica)
  redis.call('HDEL', KEYS[3], replica .. ' get', replica .. ' wait')
  return { 'ok', 0, 0, known }
end
local state = open(known, fresh)
if not state then return { 'lost' } end
local replicas, part = attend(replica, what == 'there' and ARGV[5] or 0)
if what == 'back' then
  refill(state, perMinute, burst, part)
  state.tokens = math.max(0, state.tokens - spent)
  -- Others may come back within the next seconds, and hold floors of which the
  -- store knows nothing. Not too often, or one with a bad network would stop
  -- all. With a store that has lost its state, floors are lost that replicas
  -- held which have left, so all of them must be over.
  if state.epoch == fresh then
    state.quiet = now + FLOOR
  elseif state.quiet + SELDOM < now then
    state.quiet = now + QUIET
  end
  if tonumber(pause) > 0 then
    state.paused, state.cause = math.max(state.paused, now + pause), cause
  end
  for i = 5, #KEYS do
    local left, value = tonumber(ARGV[2 * i]), ARGV[2 * i + 1] == '1' and replica or ''
    local holder, ends = redis.call('GET', KEYS[i]), redis.call('PTTL', KEYS[i])
    if holder and holder ~= replica then -- who may be requesting it
      redis.call('SET', KEYS[i], '', 'PX', math.max(ends, left))
    else
      redis.call('SET', KEYS[i], value, 'PX', left)
    end
  end
end
save(state)
return { 'ok', 0, replicas, state.epoch }
