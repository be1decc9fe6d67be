-- Put a job back into todo without counting an attempt.
-- KEYS  active, todo, begun
-- ARGV  job, 'head' (this worker stops) or 'tail' (this worker cannot do it, others may)
-- Returns 1, or 0 if the job was no longer there, because the worker is fenced.
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then
  return 0
end
redis.call('HDEL', KEYS[3], redis.sha1hex(ARGV[1]))
redis.call(ARGV[2] == 'head' and 'LPUSH' or 'RPUSH', KEYS[2], ARGV[1])
return 1
