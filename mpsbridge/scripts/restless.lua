-- Read at one moment the places between which jobs move: the workers' lists and both ends of todo.
-- KEYS  todo, lists
-- ARGV  the prefix of the names of active lists, how much of each end is read
-- This reads active lists of workers that are not in KEYS, so it does not run on Redis Cluster.
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
