-- Put jobs into todo that a producer found in no list. Dead jobs are put in only to try them again.
-- KEYS  todo, dead, attempts, enqueuing
-- ARGV  the token of the producer's turn, 1 to try dead jobs again or 0 to leave them,
--       for how long in ms the turn goes on (0: it ends), jobs...
-- Returns how many were put in, or -1 if the turn is another producer's and nothing was put in.
if redis.call('GET', KEYS[4]) ~= ARGV[1] then
  return -1
end
redis.call('PEXPIRE', KEYS[4], ARGV[3])
local n = 0
for first = 4, #ARGV, 1000 do -- a call can have only some thousand arguments
  local some = {unpack(ARGV, first, math.min(first + 999, #ARGV))}
  if ARGV[2] == '1' then
    local ids = {}
    for i, job in ipairs(some) do
      ids[i] = redis.sha1hex(job)
    end
    redis.call('HDEL', KEYS[2], unpack(some))
    redis.call('HDEL', KEYS[3], unpack(ids))
  else
    local alive = {}
    for i, reason in ipairs(redis.call('HMGET', KEYS[2], unpack(some))) do
      if not reason then
        alive[#alive + 1] = some[i]
      end
    end
    some = alive
  end
  if #some > 0 then
    redis.call('RPUSH', KEYS[1], unpack(some))
  end
  n = n + #some
end
return n
