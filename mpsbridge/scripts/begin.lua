-- Begin a job that was moved to the worker's list (BLMOVE todo active LEFT RIGHT).
-- KEYS  workers, active, todo, begun
-- ARGV  worker, job
-- Returns 1, or 0 if the worker is fenced. Then the job, if it was there, is back at todo's head.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local held = redis.call('LPOS', KEYS[2], ARGV[2])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) and held then
  redis.call('HSET', KEYS[4], redis.sha1hex(ARGV[2]), now)
  return 1
end
if held then
  redis.call('LREM', KEYS[2], 1, ARGV[2])
  redis.call('LPUSH', KEYS[3], ARGV[2])
end
return 0
