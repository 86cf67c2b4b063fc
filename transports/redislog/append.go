package redislog

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

const mostData = 16 << 20 // bytes of Data in a message

// A call is one Append or AppendBatch.
type call struct {
	topic    string
	items    []item
	one      [1]item // what items is for one message
	deadline time.Time
	caller   context.Context
	turn     chan bool // true: it is this call's turn to send; false: every item has its result
	left     bool      // nobody waits for it any more; the appender's lock guards it
	answered bool      // every item has its result; set by the sender
}

// An item is a message on its way. It shares no memory with the caller, who may have gone.
type item struct {
	entry
	sum, epoch string
	body       []byte
	result     transports.AppendResult
	cmd        *redis.Cmd
}

// A destination is what the appender knows of a topic.
type destination struct {
	keys  []string
	seen  transports.Cursor // the last position that Redis gave us there
	swept time.Time         // when we last asked for housekeeping
	since int               // messages since then
}

// Append implements transports.Log.
func (l *Log) Append(ctx context.Context, topic string, m transports.Message) (transports.Cursor, error) {
	c := &call{topic: topic}
	c.items = c.one[:]
	c.items[0].set(&m)
	if err := l.appendTo.do(ctx, c); err != nil {
		return transports.Cursor{}, err
	}
	return c.one[0].result.Cursor, c.one[0].result.Err
}

// AppendBatch implements transports.BatchLog.
func (l *Log) AppendBatch(ctx context.Context, topic string, ms []transports.Message) []transports.AppendResult {
	c := &call{topic: topic, items: make([]item, len(ms))}
	for i := range ms {
		c.items[i].set(&ms[i])
	}
	results := make([]transports.AppendResult, len(ms))
	if len(ms) == 0 {
		return results
	}
	err := l.appendTo.do(ctx, c)
	for i := range results {
		if results[i].Err = err; err == nil {
			results[i] = c.items[i].result
		}
	}
	return results
}

// set prepares an item in its caller's goroutine.
func (i *item) set(m *transports.Message) {
	if i.result.Err = transports.CheckID(m.ID); i.result.Err == nil && len(m.Data) > mostData {
		i.result.Err = transports.ErrTooLarge
	}
	if i.result.Err != nil {
		return
	}
	i.stamp, i.epoch = nonce()
	i.Message = *m
	i.sum = sum(m)
	i.body = encode(m, i.stamp)
	i.Data = i.body[idAt+len(m.ID):]
}

// flush stores the calls' messages and answers them.
func (a *appender) flush(calls []*call) {
	ctx, cancel := a.log.timeout()
	defer cancel()
	a.evaluate(ctx, calls, a.script.EvalSha, func(i *item) bool { return i.result.Err == nil })
	// A server that was restarted does not know the script: those commands alone are repeated, in order.
	unknown := false
	for _, c := range calls {
		for i := range c.items {
			unknown = unknown || c.items[i].cmd != nil && noScript(c.items[i].cmd.Err())
		}
	}
	if unknown {
		a.evaluate(ctx, calls, a.script.Eval, func(i *item) bool { return i.cmd != nil && noScript(i.cmd.Err()) })
	}
	for _, c := range calls {
		a.answer(c)
	}
}

type evaluation func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// evaluate runs the script for every chosen item, in one pipeline.
func (a *appender) evaluate(ctx context.Context, calls []*call, eval evaluation, chosen func(*item) bool) {
	pipe := a.log.client.Pipeline()
	o, now := &a.log.o, time.Now()
	// Redis writes to its clients in the reverse of the order in which they first got something to
	// write. A publisher who is owed an answer already is served after the subscribers, who thus need
	// not wait for that write.
	pipe.Exists(ctx, a.destination(calls[0].topic).keys[0])
	for _, c := range calls {
		d := a.destination(c.topic)
		for i := range c.items {
			m := &c.items[i]
			if !chosen(m) {
				continue
			}
			due := a.usual
			if d.since++; now.Sub(d.swept) > min(o.TTL, o.IDs)/8 || d.since > o.MaxIDs/8 {
				due, d.swept, d.since = a.due, now, 0
			}
			m.cmd = eval(ctx, pipe, d.keys, "."+m.ID, m.sum, m.body, o.MaxLen, m.epoch, d.seen.Epoch, d.seen.Offset, d.seen.Offset+1,
				a.log.publish, due)
		}
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
}

// answer reads the replies to a call's commands, and shows the feed what is new before the caller
// goes on.
func (a *appender) answer(c *call) {
	d := a.destination(c.topic)
	var stored []entry
	for i := range c.items {
		m := &c.items[i]
		if m.cmd == nil {
			continue // refused
		}
		reply, err := m.cmd.Text()
		at, _, ok := cutPosition(strings.TrimLeft(reply, "+="))
		switch {
		case err != nil:
			m.result.Err = classify("appending to", c.topic, err)
		case reply == "!":
			m.result.Err = transports.ErrConflict
		case !ok:
			m.result.Err = classify("appending to", c.topic, errReply)
		default:
			m.result.Cursor = at
			if at.Epoch != d.seen.Epoch || at.Offset > d.seen.Offset {
				d.seen = at
			}
			if reply[0] == '+' {
				m.Cursor = at
				stored = append(stored, m.entry)
			}
		}
	}
	if f := a.log.find(c.topic); f != nil && len(stored) > 0 {
		f.appended(stored)
	}
	c.answered = true
}

// destination returns what is known of a topic. When there are too many they are all forgotten: that
// costs a refresh of each one's keys.
func (a *appender) destination(topic string) *destination {
	d := a.topics[topic]
	if d == nil {
		if len(a.topics) >= 2*a.log.o.Topics {
			clear(a.topics)
		}
		d = &destination{keys: keysOf(a.log.o.Prefix, topic)}
		a.topics[topic] = d
	}
	if f := a.log.find(topic); f != nil {
		if v := f.w.View(); v.Epoch() == d.seen.Epoch && v.Last() > d.seen.Offset {
			d.seen.Offset = v.Last()
		}
	}
	return d
}
