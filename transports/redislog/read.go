package redislog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

// A stored is what the store holds of a topic after a position.
type stored struct {
	epoch        string // "" when there is no such topic
	last, oldest uint64
	entries      []entry
}

const coldBytes = 16 << 20 // most bytes of messages in one answer of the store

// mostOffset is beyond every offset; Redis's scripts count in doubles.
const mostOffset = 1 << 53

// A query is what read.lua is asked: what follows on a cursor, or with newest the end of the topic when
// that is too much.
type query struct {
	known  position // what this node has seen, for the store to compare
	after  transports.Cursor
	count  int
	bytes  int
	newest bool
}

func (l *Log) readCmd(ctx context.Context, c redis.Cmdable, keys []string, q query) *redis.Cmd {
	newest := 0
	if q.newest {
		newest = 1
	}
	_, epoch := nonce()
	return c.EvalSha(ctx, l.readScript.Hash(), keys, q.known.at.Epoch, q.known.at.Offset, q.known.stamp, epoch,
		q.count, q.bytes, l.publish, l.o.TTL.Milliseconds(), q.after.Epoch, min(q.after.Offset, mostOffset), newest)
}

// readReply parses read.lua's reply; a server that does not know the script yet gets it.
func (l *Log) readReply(ctx context.Context, cmd *redis.Cmd, keys []string) (s stored, err error) {
	if noScript(cmd.Err()) {
		args := cmd.Args()
		cmd = l.readScript.Eval(ctx, l.client, keys, args[3+len(keys):]...)
	}
	reply, err := cmd.Slice()
	if err != nil {
		return s, err
	}
	if len(reply) != 4 {
		return s, errReply
	}
	epoch, ok1 := reply[0].(string)
	last, ok2 := reply[1].(int64)
	oldest, ok3 := reply[2].(int64)
	list, ok4 := reply[3].([]any)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return s, errReply
	}
	s = stored{epoch: epoch, last: uint64(last), oldest: uint64(oldest), entries: make([]entry, 0, len(list)/2)}
	for i := 0; i+1 < len(list); i += 2 {
		id, _ := list[i].(string)
		body, _ := list[i+1].(string)
		digits, _, _ := strings.Cut(id, "-")
		offset, err := strconv.ParseUint(digits, 10, 64)
		e, ok := decode(transports.Cursor{Epoch: epoch, Offset: offset}, body)
		if err != nil || !ok {
			return s, fmt.Errorf("entry %q of the stream: %w", id, errReply)
		}
		s.entries = append(s.entries, e)
	}
	if n := len(s.entries); n > 1 && s.entries[0].Offset > s.entries[1].Offset { // the newest came first
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			s.entries[i], s.entries[j] = s.entries[j], s.entries[i]
		}
	}
	return s, nil
}

// cold reads from the store. Equal calls at one time are one: after a reconnection many clients ask
// for the same.
func (l *Log) cold(ctx context.Context, f *feed, after transports.Cursor, limit int) ([]transports.Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit = min(max(limit, 0), l.o.MaxLen)
	f.mu.Lock()
	own := f.own
	f.mu.Unlock()
	key := fmt.Sprint(f.topic, " ", after, " ", limit, " ", own) // a call before our own append must not answer one after it
	shared := l.reads.DoChan(key, func() (any, error) {
		if !l.enter() {
			return nil, transports.ErrUnavailable
		}
		defer l.wg.Done()
		ctx, cancel := l.timeout()
		defer cancel()
		q := query{known: f.position(), after: after, count: limit, bytes: coldBytes}
		s, err := l.readReply(ctx, l.readCmd(ctx, l.client, f.keys, q), f.keys)
		if err != nil {
			return nil, classify("reading", f.topic, err)
		}
		return s, nil
	})
	select {
	case r := <-shared:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(stored).after(after)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// after judges what the store holds as transports.Log.Read has to.
func (s stored) after(after transports.Cursor) ([]transports.Message, error) {
	gap := &transports.GapError{After: after, Epoch: s.epoch, First: s.oldest, Last: s.last}
	if !after.IsZero() && (after.Epoch != s.epoch || after.Offset > s.last || after.Offset+1 < s.oldest) {
		return nil, gap
	}
	if len(s.entries) == 0 {
		return nil, nil
	}
	next := s.entries[0].Offset
	if !after.IsZero() && next != after.Offset+1 { // somebody has deleted entries
		gap.First = next
		return nil, gap
	}
	ms := make([]transports.Message, 0, len(s.entries))
	for _, e := range s.entries {
		if e.Offset != next {
			break // the next Read finds the gap
		}
		ms = append(ms, e.Message)
		next++
	}
	return ms, nil
}

func isGap(err error) bool {
	var gap *transports.GapError
	return errors.As(err, &gap)
}
