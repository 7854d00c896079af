-- Some of those who are there, in the order of identities: ARGV now, limit. Answers whether
-- there may be somebody in the list who is not, and the list.
local gone = run_out(ARGV[1])
return { gone == AT_ONCE and 1 or 0, redis.call('ZRANGEBYLEX', names, '-', '+', 'LIMIT', 0, ARGV[2]) }
