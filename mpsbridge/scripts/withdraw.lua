-- Take jobs that no worker holds out of the queue.
-- KEYS  todo, delayed, attempts, replace
-- ARGV  most jobs to take, jobs... (taken from the last one on; searched for from todo's head)
-- Returns those that were taken.
local taken = {}
for i = #ARGV, 2, -1 do
  if #taken >= tonumber(ARGV[1]) then
    break
  end
  local job = ARGV[i]
  if redis.call('LREM', KEYS[1], 1, job) + redis.call('ZREM', KEYS[2], job) > 0 then
    redis.call('HDEL', KEYS[3], redis.sha1hex(job))
    redis.call('SREM', KEYS[4], redis.sha1hex(job))
    taken[#taken + 1] = job
  end
end
return taken
