-- Read, at one moment, where jobs are that move: the workers' lists and both ends of todo.
-- KEYS  todo, lists
-- ARGV  what the names of active lists begin with, how much of each end is read
-- Reads the active lists of workers that KEYS cannot name: not for Redis Cluster.
-- Returns the jobs.
local found = {}
local function note(jobs)
  for _, job in ipairs(jobs) do
    found[#found + 1] = job
  end
end
for _, worker in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  note(redis.call('LRANGE', ARGV[1] .. worker, 0, -1))
end
note(redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1))
note(redis.call('LRANGE', KEYS[1], -tonumber(ARGV[2]), -1))
return found
