-- Count a failed attempt at a job: delay it (twice as long each time), or bury it.
-- KEYS  active, delayed, attempts, dead, begun, events
-- ARGV  worker, job, most attempts, first delay in ms, reason, code of transforms/deadletter
-- If most is 0, the job is buried at once, because no other attempt can end better. If a dead job
-- is longer than 64 KiB, only its beginning is kept.
-- Returns the attempts so far, -1 if the job is dead now, 0 if the worker is fenced.
if redis.call('LREM', KEYS[1], 1, ARGV[2]) == 0 then
  return 0
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local id = redis.sha1hex(ARGV[2])
local n = redis.call('HINCRBY', KEYS[3], id, 1)
redis.call('HDEL', KEYS[5], id)
if n < tonumber(ARGV[3]) then
  redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]) * 2 ^ (n - 1), ARGV[2])
  return n
end
local job = ARGV[2]
if #job > 65536 then
  job = string.sub(job, 1, 1024) .. '... (' .. #job .. ' bytes)'
end
redis.call('HDEL', KEYS[3], id)
redis.call('HSET', KEYS[4], job,
  cjson.encode({attempts = n, code = ARGV[6], reason = ARGV[5], worker = ARGV[1], at = now}))
redis.call('XADD', KEYS[6], 'MAXLEN', '~', 10000, '*', 'event', 'dead', 'job', job, 'worker', ARGV[1])
return -1
