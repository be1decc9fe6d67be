-- Put dead jobs back into todo, or drop them.
-- KEYS  dead, todo
-- ARGV  'retry' or 'drop', jobs...
-- Returns how many there were.
local n = 0
for i = 2, #ARGV do
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    n = n + 1
    if ARGV[1] == 'retry' then
      redis.call('RPUSH', KEYS[2], ARGV[i])
    end
  end
end
return n
