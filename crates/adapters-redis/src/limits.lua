-- Takes a token: `TokenBucket::take` of the domain, word for word, in microseconds.
-- Answers how long to wait, 0 where there was one.
local bucket = KEYS[1]
local now, per, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

-- Divided and rounded up without a fraction: numbers are doubles here, exact to 2^53.
local rest = per % burst
local one = (per - rest) / burst
if rest > 0 then one = one + 1 end

local full_at = math.max(tonumber(redis.call('GET', bucket) or now), now) + one
local wait = full_at - now - per
if wait > 0 then return wait end
-- Kept a second longer than needed: the callers' clocks need not run as Redis's does.
local kept_for = math.ceil((full_at - now) / 1000) + 1000
redis.call('SET', bucket, string.format('%.0f', full_at), 'PX', kept_for)
return 0
