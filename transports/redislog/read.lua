-- Reads a topic after a position, and looks whether the store still has what it had.
-- KEYS: meta (also the channel), stream, older IDs; all in one hash slot.
-- ARGV:  1 epoch and 2 offset after which to read  3 stamp of the message there, '' if unknown
--        4 fresh epoch   5 most messages   6 most bytes of them
--        7 PUBLISH or SPUBLISH   8 milliseconds that an idle topic lives
--        9 '1': the caller's node has itself seen that position, and wants the newest messages when
--          it cannot have all; otherwise it is some client's claim
-- Returns {epoch, last offset, oldest offset, {id, body, id, body, …}}; epoch '' when there is no topic.
local meta, stream = KEYS[1], KEYS[2]
local known, at, trusted = ARGV[1], tonumber(ARGV[2]), ARGV[9] == '1'
local m = redis.call('HMGET', meta, 'e', 'o')
local epoch, last = m[1], tonumber(m[2] or 0)
if not epoch and known == '' then
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
elseif trusted and epoch == known and at > 0 then
	-- Lost its end, and perhaps wrote another one: what is left is kept, under a new epoch.
	if last < at then
		renew()
	elseif ARGV[3] ~= '' then
		local there = redis.call('XRANGE', stream, at .. '-0', at .. '-0')[1]
		if there and string.sub(there[2][2], 2, 9) ~= ARGV[3] then
			renew()
		end
	end
end

local list, bytes, count = {}, 0, tonumber(ARGV[5])
if trusted and (epoch ~= known or last - at > count) then
	for _, entry in ipairs(redis.call('XREVRANGE', stream, '+', '-', 'COUNT', count)) do
		bytes = bytes + #entry[2][2]
		if bytes > tonumber(ARGV[6]) and #list > 0 then
			break
		end
		list[#list + 1] = entry[1]
		list[#list + 1] = entry[2][2]
	end
elseif count > 0 and (known == '' or epoch == known) then
	local from = known == '' and '-' or string.format('%.0f-0', at + 1)
	for _, entry in ipairs(redis.call('XRANGE', stream, from, '+', 'COUNT', count)) do
		bytes = bytes + #entry[2][2]
		if bytes > tonumber(ARGV[6]) and #list > 0 then
			break
		end
		list[#list + 1] = entry[1]
		list[#list + 1] = entry[2][2]
	end
end
return {epoch, last, oldest, list}
