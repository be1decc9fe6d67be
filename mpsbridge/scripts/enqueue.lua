-- Put jobs that a reading found in no list into todo; dead ones only to try them anew.
-- KEYS  todo, dead, attempts, enqueuing
-- ARGV  the reading's token, 1 to try dead jobs anew or 0 to leave them,
--       for how long in ms the turn goes on (0: it ends), jobs...
-- Returns how many were put in, or -1 where the turn is another's: nothing was put in.
if redis.call('GET', KEYS[4]) ~= ARGV[1] then
  return -1
end
redis.call('PEXPIRE', KEYS[4], ARGV[3])
local new = {}
for i = 4, #ARGV do
  local job = ARGV[i]
  if ARGV[2] == '1' then
    redis.call('HDEL', KEYS[2], job)
    redis.call('HDEL', KEYS[3], redis.sha1hex(job))
    new[#new + 1] = job
  elseif redis.call('HEXISTS', KEYS[2], job) == 0 then
    new[#new + 1] = job
  end
end
for i = 1, #new, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(new, i, math.min(i + 999, #new)))
end
return #new
