-- Puts back who was told of, where Redis has forgotten it: ARGV some of them. Answers
-- whether it had.
if redis.call('EXISTS', told) == 1 then return 0 end
redis.call('SADD', told, unpack(ARGV))
redis.call('SADD', changed, unpack(ARGV))
keep()
return 1
