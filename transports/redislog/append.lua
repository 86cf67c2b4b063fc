-- Appends one message to a topic: idempotency, epoch, offset, entry, then publication.
-- KEYS: meta (also the channel), stream, ids, older ids; all in one hash slot.
-- ARGV:  1 id            2 sum of the data     3 body of the entry   4 most messages
--        5 fresh epoch   6 epoch and 7 offset that the caller knows to exist
--        8 PUBLISH or SPUBLISH                 9 milliseconds that an idle topic lives
--       10 seconds that an ID lives at least  11 IDs of a generation  12 '1' when housekeeping is due
-- Returns '+epoch:offset' when stored, '=epoch:offset' when it was stored before, '!' on a conflict.
local meta, stream, ids, older = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local m = redis.call('HMGET', meta, 'e', 'o', 'b')
local epoch, last, began = m[1], tonumber(m[2] or 0), tonumber(m[3] or 0)
local due = ARGV[12] == '1'

-- The store has lost messages that the caller has seen, and would give their offsets away again.
if epoch and epoch == ARGV[6] and last < tonumber(ARGV[7]) then
	epoch = ARGV[5]
	redis.call('HSET', meta, 'e', epoch)
end

if epoch then
	local found = redis.call('HGET', ids, ARGV[1]) or redis.call('HGET', older, ARGV[1])
	if found then
		if string.sub(found, 1, 12) ~= ARGV[2] then
			return '!'
		end
		return '=' .. epoch .. ':' .. string.sub(found, 13)
	end
end

-- XADD is the first command that writes: when Redis refuses it (OOM, READONLY, NOREPLICAS), nothing
-- has happened. NOMKSTREAM shows that a stream was lost under its topic.
local offset, added = last + 1, false
if epoch and last > 0 then
	added = redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', ARGV[4], offset .. '-0', 'm', ARGV[3])
	if type(added) == 'table' and added.err then
		if not string.find(added.err, 'equal or smaller', 1, true) then
			return added
		end
		added = false
	end
end
if added then
	redis.call('HSET', meta, 'o', offset)
else
	if last > 0 or not epoch then
		epoch = ARGV[5]
	end
	offset, began, due = 1, 0, true
	local first = redis.pcall('XADD', stream, 'MAXLEN', ARGV[4], '1-0', 'm', ARGV[3])
	if type(first) == 'table' and first.err then
		if not string.find(first.err, 'equal or smaller', 1, true) then
			return first
		end
		redis.call('DEL', stream)
		redis.call('XADD', stream, 'MAXLEN', ARGV[4], '1-0', 'm', ARGV[3])
	end
	redis.call('UNLINK', ids, older)
	redis.call('HSET', meta, 'e', epoch, 'o', 1, 'b', 0, 'g', redis.call('TIME')[1])
end
redis.call('HSET', ids, ARGV[1], ARGV[2] .. offset)
redis.call(ARGV[8], meta, epoch .. ':' .. offset .. ':' .. ARGV[3])

if due or offset - began >= tonumber(ARGV[11]) then
	local now = tonumber(redis.call('TIME')[1])
	local since = tonumber(redis.call('HGET', meta, 'g') or 0)
	if now - since >= tonumber(ARGV[10]) or offset - began >= tonumber(ARGV[11]) then
		redis.call('UNLINK', older)
		redis.call('RENAME', ids, older)
		redis.call('HSET', meta, 'g', now, 'b', offset)
	end
	for i = 1, 4 do
		redis.call('PEXPIRE', KEYS[i], ARGV[9])
	end
end
return '+' .. epoch .. ':' .. offset
