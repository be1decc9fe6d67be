-- Put those of some jobs into todo that are in no list.
-- KEYS  todo, delayed, lists, dead, attempts
-- ARGV  what the names of active lists begin with, 1 to try dead jobs anew or 0 to leave them, jobs...
-- Reads the active lists of workers that KEYS cannot name: not for Redis Cluster.
-- Returns how many were put in.
local known = {}
local function note(jobs)
  for _, job in ipairs(jobs) do
    known[job] = true
  end
end
note(redis.call('LRANGE', KEYS[1], 0, -1))
note(redis.call('ZRANGE', KEYS[2], 0, -1))
for _, worker in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  note(redis.call('LRANGE', ARGV[1] .. worker, 0, -1))
end
local n = 0
for i = 3, #ARGV do
  local job = ARGV[i]
  if not known[job] then
    known[job] = true
    if ARGV[2] == '1' then
      redis.call('HDEL', KEYS[4], job)
      redis.call('HDEL', KEYS[5], redis.sha1hex(job))
    end
    if ARGV[2] == '1' or redis.call('HEXISTS', KEYS[4], job) == 0 then
      redis.call('RPUSH', KEYS[1], job)
      n = n + 1
    end
  end
end
return n
