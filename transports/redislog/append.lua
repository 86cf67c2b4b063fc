-- Appends one message to a topic: idempotency, epoch, offset, entry, then publication. What costs here
-- is redis.call and making numbers of strings and back: the usual path has four of the first and, when
-- the caller knows the last offset, none of the second.
-- KEYS: meta (also the channel), stream, older IDs; all in one hash slot. Meta holds e epoch, o last
--       offset, g time and b offset at which this generation of IDs began, p when older exists, and
--       this generation's IDs, each behind a dot.
-- ARGV:  1 '.' and id    2 sum of the data     3 body of the entry   4 most messages
--        5 fresh epoch   6 epoch and 7 offset that the caller knows to exist   8 that offset + 1
--        9 PUBLISH or SPUBLISH
--       10 '1' when housekeeping is due, else '0'; then, after spaces, the milliseconds that an idle
--          topic lives, the seconds that an ID lives at least, and the IDs of a generation
-- Returns '+epoch:offset' when stored, '=epoch:offset' when it was stored before, '!' on a conflict.
local call, meta, stream, older = redis.call, KEYS[1], KEYS[2], KEYS[3]
local m = call('HMGET', meta, 'e', 'o', 'p', ARGV[1])
local epoch, last, found = m[1], m[2], m[4]
if m[3] and not found then
	found = call('HGET', older, ARGV[1])
end

local n = ARGV[8]
if last ~= ARGV[7] then
	last = tonumber(last or 0)
	n = string.format('%.0f', last + 1)
	-- The store has lost messages that the caller has seen, and would give their offsets away again.
	if epoch and epoch == ARGV[6] and last < tonumber(ARGV[7]) then
		epoch = ARGV[5]
		call('HSET', meta, 'e', epoch)
	end
end
if found then
	if string.sub(found, 1, 12) ~= ARGV[2] then
		return '!'
	end
	return '=' .. epoch .. ':' .. string.sub(found, 13)
end

-- XADD is the first command that writes: when Redis refuses it (OOM, READONLY, NOREPLICAS), nothing
-- has happened. NOMKSTREAM shows that a stream was lost under its topic.
local added, fresh = false, false
if epoch and n ~= '1' then
	added = redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', ARGV[4], n .. '-0', 'm', ARGV[3])
	if type(added) == 'table' and added.err then
		if not string.find(added.err, 'equal or smaller', 1, true) then
			return added
		end
		added = false
	end
end
if added then
	call('HSET', meta, 'o', n, ARGV[1], ARGV[2] .. n)
else
	if n ~= '1' or not epoch then
		epoch = ARGV[5]
	end
	n, fresh = '1', true
	local first = redis.pcall('XADD', stream, 'MAXLEN', ARGV[4], '1-0', 'm', ARGV[3])
	if type(first) == 'table' and first.err then
		if not string.find(first.err, 'equal or smaller', 1, true) then
			return first
		end
		call('DEL', stream)
		call('XADD', stream, 'MAXLEN', ARGV[4], '1-0', 'm', ARGV[3])
	end
	call('UNLINK', meta, older)
	call('HSET', meta, 'e', epoch, 'o', 1, 'g', call('TIME')[1], 'b', 0, ARGV[1], ARGV[2] .. 1)
end
call(ARGV[9], meta, epoch .. ':' .. n .. ':' .. ARGV[3])

if fresh or string.sub(ARGV[10], 1, 1) == '1' then
	local ttl, window, most = string.match(ARGV[10], '(%d+) (%d+) (%d+)$')
	local now, since = call('TIME')[1], call('HMGET', meta, 'g', 'b')
	if now - (since[1] or 0) >= tonumber(window) or n - (since[2] or 0) >= tonumber(most) then
		call('UNLINK', older)
		call('RENAME', meta, older)
		call('HSET', meta, 'e', epoch, 'o', n, 'g', now, 'b', n, 'p', 1)
	end
	for i = 1, 3 do
		call('PEXPIRE', KEYS[i], ttl)
	end
end
return '+' .. epoch .. ':' .. n
