-- Find out which of some jobs are in no list, dead ones counting as listed.
-- KEYS  todo, delayed, lists, dead
-- ARGV  what the names of active lists begin with, jobs...
-- Reads the active lists of workers that KEYS cannot name: not for Redis Cluster.
-- Returns the jobs that are in none.
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
local unlisted = {}
for i = 2, #ARGV do
  if not known[ARGV[i]] and redis.call('HEXISTS', KEYS[4], ARGV[i]) == 0 then
    unlisted[#unlisted + 1] = ARGV[i]
  end
end
return unlisted
