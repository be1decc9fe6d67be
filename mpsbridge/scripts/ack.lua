-- Take a finished job off the worker's list.
-- KEYS  active, attempts, begun, events, replace
-- ARGV  worker, job
-- Returns 1, or 0 if the job was no longer there, because the worker is fenced.
if redis.call('LREM', KEYS[1], 1, ARGV[2]) == 0 then
  return 0
end
local id = redis.sha1hex(ARGV[2])
redis.call('HDEL', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
redis.call('SREM', KEYS[5], id)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'event', 'done', 'job', ARGV[2], 'worker', ARGV[1])
return 1
