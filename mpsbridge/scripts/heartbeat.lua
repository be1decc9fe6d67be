-- Renew a worker's lease, or register a new worker.
-- KEYS  workers, lists, rows
-- ARGV  worker, length of the lease in ms, 1 to register or 0 to renew,
--       the rows that the worker has embedded and the ms that this took
-- Returns 1, or 0 if the lease has ended and was reaped, so that the worker is fenced.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[3] == '0' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4] .. ' ' .. ARGV[5])
return 1
