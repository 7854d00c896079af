-- Somebody is there by one way, until a time: KEYS as in mod.rs, ARGV who, via, until.
local who, via, until_ = ARGV[1], ARGV[2], tonumber(ARGV[3])

local kept = redis.call('HGET', ways, who)
kept = kept and cmsgpack.unpack(kept) or {}
kept[via] = math.max(kept[via] or until_, until_)
local count, soonest = 0, nil
for way, time in pairs(kept) do
    count = count + 1
    if not soonest or time < kept[soonest] then soonest = way end
end
if count > MOST_WAYS then kept[soonest] = nil end
redis.call('HSET', ways, who, cmsgpack.pack(kept))

if redis.call('ZADD', present, 'GT', ARGV[3], who) == 1 then
    redis.call('ZADD', names, 0, who)
    redis.call('SADD', changed, who)
    keep()
end
