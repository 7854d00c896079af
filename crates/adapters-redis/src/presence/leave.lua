-- Somebody is no longer there by one way: ARGV who, via.
local who = ARGV[1]

local kept = redis.call('HGET', ways, who)
if not kept then return end
kept = cmsgpack.unpack(kept)
kept[ARGV[2]] = nil
local last = nil
for _, time in pairs(kept) do last = math.max(last or time, time) end
if last then
    redis.call('HSET', ways, who, cmsgpack.pack(kept))
    redis.call('ZADD', present, string.format('%.0f', last), who)
else
    forget(who)
end
