-- Reads a topic after a position, and looks whether the store still has what it had.
-- KEYS: meta (also the channel), stream, older IDs; all in one hash slot.
-- ARGV:  1 epoch, 2 offset and 3 stamp of the last message that the caller's node has itself seen
--        4 fresh epoch   5 most messages   6 most bytes of them
--        7 PUBLISH or SPUBLISH   8 milliseconds that an idle topic lives
--        9 epoch and 10 offset after which to read   11 '1': when that is not possible, or not all of it,
--          the newest messages instead
-- Returns {epoch, last offset, oldest offset, {id, body, id, body, …}}; epoch '' when there is no topic.
local meta, stream = KEYS[1], KEYS[2]
local known, at = ARGV[1], tonumber(ARGV[2])
local after, from, newest = ARGV[9], tonumber(ARGV[10]), ARGV[11] == '1'
local m = redis.call('HMGET', meta, 'e', 'o')
local epoch, last = m[1], tonumber(m[2] or 0)
if not epoch and known == '' and after == '' then
	return {'', 0, 1, {}}
end

local oldest, head = last + 1, {}
if epoch then
	head = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
	if head[1] then
		oldest = tonumber(string.match(head[1][1], '^%d+'))
	end
end

local function renew()
	epoch = ARGV[4]
	redis.call('HSET', meta, 'e', epoch, 'o', last)
	redis.call('PEXPIRE', meta, ARGV[8])
	redis.call(ARGV[7], meta, epoch .. ':' .. last .. ':')
end
if not epoch or last > 0 and not head[1] and redis.call('EXISTS', stream) == 0 then
	-- Lost, altogether or the stream alone: the next message has offset 1 of a new epoch.
	last, oldest, head = 0, 1, {}
	redis.call('UNLINK', meta, stream, KEYS[3])
	redis.call('HSET', meta, 'g', redis.call('TIME')[1], 'b', 0)
	renew()
elseif epoch == known and at > 0 then
	-- Lost its end, and perhaps wrote another one: what is left is kept, under a new epoch.
	if last < at then
		renew()
	elseif ARGV[3] ~= '' then
		local there = redis.call('XRANGE', stream, at .. '-0', at .. '-0')[1]
		if there and string.sub(there[2][2], 2, 9) ~= ARGV[3] or not there and at >= oldest then
			renew()
		end
	end
end

local list, bytes, count = {}, 0, tonumber(ARGV[5])
local entries = {}
if newest and (epoch ~= after or last - from > count) then
	entries = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', count)
elseif count > 0 and (after == '' or epoch == after) then
	local first = after == '' and '-' or string.format('%.0f-0', from + 1)
	entries = redis.call('XRANGE', stream, first, '+', 'COUNT', count)
end
for _, entry in ipairs(entries) do
	bytes = bytes + #entry[2][2]
	if bytes > tonumber(ARGV[6]) and #list > 0 then
		break
	end
	list[#list + 1] = entry[1]
	list[#list + 1] = entry[2][2]
end
return {epoch, last, oldest, list}
