-- End a worker's lease because the worker asks for it. Its jobs go back to todo's head, in order.
-- KEYS  workers, active, todo, begun, rows
-- ARGV  worker
-- Returns how many jobs went back.
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
local n = 0
while true do
  local job = redis.call('RPOP', KEYS[2])
  if not job then
    return n
  end
  redis.call('HDEL', KEYS[4], redis.sha1hex(job))
  redis.call('LPUSH', KEYS[3], job)
  n = n + 1
end
