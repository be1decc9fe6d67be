-- Put the jobs of lost workers back into todo, bury those that were lost too often, and
-- put delayed jobs that are due back into todo, 1000 at a time.
-- KEYS  workers, lists, todo, attempts, dead, delayed, begun, events, rows
-- ARGV  the prefix of the names of active lists, most attempts,
--       how long in ms the list of a lost worker is still looked at
-- This reads active lists of workers that are not in KEYS, so it does not run on Redis Cluster.
-- Returns {requeued, buried, due, live workers}.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local requeued, buried, due = 0, 0, 0
for _, worker in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local ends = redis.call('ZSCORE', KEYS[1], worker)
  if not ends or tonumber(ends) < now then
    redis.call('ZREM', KEYS[1], worker)
    while true do
      local job = redis.call('LPOP', ARGV[1] .. worker)
      if not job then
        break
      end
      local id = redis.sha1hex(job)
      -- A job that was never begun did not kill its worker, because the worker was gone before.
      local n = 0
      if redis.call('HDEL', KEYS[7], id) == 1 then
        n = redis.call('HINCRBY', KEYS[4], id, 1)
      end
      if n >= tonumber(ARGV[2]) then
        redis.call('HDEL', KEYS[4], id)
        redis.call('HSET', KEYS[5], job,
          cjson.encode({attempts = n, code = 'worker_lost', reason = 'the worker was lost', worker = worker, at = now}))
        redis.call('XADD', KEYS[8], 'MAXLEN', '~', 10000, '*', 'event', 'dead', 'job', job, 'worker', worker)
        buried = buried + 1
      else
        redis.call('RPUSH', KEYS[3], job)
        redis.call('XADD', KEYS[8], 'MAXLEN', '~', 10000, '*', 'event', 'requeued', 'job', job, 'worker', worker)
        requeued = requeued + 1
      end
    end
    if now - tonumber(redis.call('ZSCORE', KEYS[2], worker)) > tonumber(ARGV[3]) then
      redis.call('ZREM', KEYS[2], worker)
      redis.call('HDEL', KEYS[9], worker)
    end
  end
end
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', now, 'LIMIT', 0, 1000)) do
  redis.call('ZREM', KEYS[6], job)
  redis.call('RPUSH', KEYS[3], job)
  due = due + 1
end
return {requeued, buried, due, redis.call('ZCARD', KEYS[1])}
