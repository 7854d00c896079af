-- What all scripts begin with. A stream's audience is five keys:
-- identities by the time until which they are there,
local present = KEYS[1]
-- the same identities, in their order,
local names = KEYS[2]
-- by which ways each is there, and until when,
local ways = KEYS[3]
-- who came or went since the audience was asked for last, maybe,
local changed = KEYS[4]
-- and who was there then.
local told = KEYS[5]

-- How many ways of one identity count: those that last longest.
local MOST_WAYS = 32
-- No script works longer than on so many identities.
local AT_ONCE = 1000
-- An audience that nobody asked for or joined for so many seconds is forgotten: a late word
-- about a stream that is over must not stay for ever.
local FORGOTTEN_AFTER = 3600

local function keep()
    for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, FORGOTTEN_AFTER) end
end

local function forget(who)
    redis.call('ZREM', present, who)
    redis.call('ZREM', names, who)
    redis.call('HDEL', ways, who)
    redis.call('SADD', changed, who)
end

-- Forgets whose time has run out, and answers how many they were.
local function run_out(now)
    local gone = redis.call('ZRANGEBYSCORE', present, '-inf', now, 'LIMIT', 0, AT_ONCE)
    for _, who in ipairs(gone) do forget(who) end
    return #gone
end

