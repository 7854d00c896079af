-- Who came and went since this was asked last: ARGV now. Answers how many are there, who
-- came, who went, and 1 where there is more to tell.
local gone = run_out(ARGV[1])
local joined, left = {}, {}
for _, who in ipairs(redis.call('SPOP', changed, AT_ONCE)) do
    if redis.call('ZSCORE', present, who) then
        if redis.call('SADD', told, who) == 1 then joined[#joined + 1] = who end
    elseif redis.call('SREM', told, who) == 1 then
        left[#left + 1] = who
    end
end
keep()
local more = gone == AT_ONCE or redis.call('EXISTS', changed) == 1
return { redis.call('ZCOUNT', present, '(' .. ARGV[1], '+inf'), joined, left, more and 1 or 0 }
