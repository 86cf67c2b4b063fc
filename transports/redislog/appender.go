package redislog

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

// An appender stores the messages of all callers through one pipeline at a time: while one is under
// way the next gathers. So nobody waits when Redis is idle, the order of arrival is kept, and under
// load the price of an exchange is shared.
type appender struct {
	log    *Log
	script *redis.Script
	wake   chan struct{}
	topics map[string]*destination // used by run alone

	mu      sync.Mutex
	calls   []*call
	pending int
}

// A call is one Append or AppendBatch.
type call struct {
	topic    string
	items    []item
	one      [1]item // what items is for one message
	deadline time.Time
	caller   context.Context
	done     chan struct{} // closed when every item has its result
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
	swept time.Time         // when we last had the topic's keys refreshed
}

const (
	mostItems = 512     // in a pipeline
	mostBytes = 4 << 20 // of Data in a pipeline
	mostData  = 16 << 20
)

func newAppender(l *Log) *appender {
	return &appender{log: l, script: redis.NewScript(appendSource), wake: make(chan struct{}, 1), topics: map[string]*destination{}}
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

// do hands a call to run and waits for it.
func (a *appender) do(ctx context.Context, c *call) error {
	if err := transports.CheckTopic(c.topic); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	timeout := a.log.o.Timeout
	c.deadline, c.caller, c.done = time.Now().Add(timeout), ctx, make(chan struct{})
	a.mu.Lock()
	if a.pending+len(c.items) > a.log.o.Pending && a.pending > 0 {
		a.mu.Unlock()
		return classify("appending to", c.topic, errPending)
	}
	a.pending += len(c.items)
	a.calls = append(a.calls, c)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default: // run will look anyway
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return classify("appending to", c.topic, errTimeout)
	case <-a.log.ctx.Done():
		return transports.ErrUnavailable
	}
}

// take returns the calls for the next pipeline, leaving out those that nobody waits for any more.
func (a *appender) take() []*call {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, items, bytes := 0, 0, 0
	live := a.calls[:0:0]
	for _, c := range a.calls {
		size := 0
		for i := range c.items {
			size += len(c.items[i].body)
		}
		if n > 0 && (items+len(c.items) > mostItems || bytes+size > mostBytes) {
			break
		}
		n++
		a.pending -= len(c.items)
		if c.caller.Err() == nil && time.Now().Before(c.deadline) {
			live = append(live, c)
			items, bytes = items+len(c.items), bytes+size
		}
	}
	if a.calls = a.calls[n:]; len(a.calls) == 0 {
		a.calls = nil
	}
	return live
}

func (a *appender) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.calls) == 0
}

// run ends with the log.
func (a *appender) run() {
	for {
		select {
		case <-a.wake:
		case <-a.log.ctx.Done():
			return
		}
		for !a.idle() && a.log.ctx.Err() == nil {
			if calls := a.take(); len(calls) > 0 {
				a.flush(calls)
			}
		}
	}
}

// flush stores the calls' messages and answers them.
func (a *appender) flush(calls []*call) {
	ctx, cancel := a.log.timeout()
	defer cancel()
	a.send(ctx, calls, a.script.EvalSha, func(i *item) bool { return i.result.Err == nil })
	// A server that was restarted does not know the script: those commands alone are repeated, in order.
	unknown := false
	for _, c := range calls {
		for i := range c.items {
			unknown = unknown || c.items[i].cmd != nil && noScript(c.items[i].cmd.Err())
		}
	}
	if unknown {
		a.send(ctx, calls, a.script.Eval, func(i *item) bool { return i.cmd != nil && noScript(i.cmd.Err()) })
	}
	for _, c := range calls {
		a.answer(c)
	}
}

type evaluate func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// send runs the script for every chosen item, in one pipeline.
func (a *appender) send(ctx context.Context, calls []*call, eval evaluate, chosen func(*item) bool) {
	pipe := a.log.client.Pipeline()
	o := &a.log.o
	for _, c := range calls {
		d := a.destination(c.topic)
		for i := range c.items {
			m := &c.items[i]
			if !chosen(m) {
				continue
			}
			due := "0"
			if now := time.Now(); now.Sub(d.swept) > min(o.TTL, o.IDs)/8 {
				due, d.swept = "1", now
			}
			m.cmd = eval(ctx, pipe, d.keys, m.ID, m.sum, m.body, o.MaxLen, m.epoch, d.seen.Epoch, d.seen.Offset,
				a.log.publish, o.TTL.Milliseconds(), int64(o.IDs/time.Second), o.MaxIDs/2, due)
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
	close(c.done)
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
