package redislog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

// An appender stores the messages of all callers through one pipeline at a time: while one is under
// way the next gathers. So nobody waits when Redis is idle, the order of arrival is kept, and under
// load the price of an exchange is shared.
//
// It has no goroutine. Whoever comes when nothing is under way sends at once, which saves two switches
// between goroutines, about as much as Redis itself takes; then the first of those who came meanwhile
// sends for them all. The sender cannot heed its context during an exchange, which Options.Timeout
// bounds.
type appender struct {
	log    *Log
	script *redis.Script
	usual  string                  // the script's last argument
	due    string                  // the same when housekeeping is due
	topics map[string]*destination // used by the sender alone

	mu      sync.Mutex
	sending bool
	calls   []*call // those who wait
	pending int     // their messages
}

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

const (
	mostItems = 512     // in a pipeline
	mostBytes = 4 << 20 // of Data in a pipeline
	mostData  = 16 << 20
)

func newAppender(l *Log) *appender {
	settings := fmt.Sprintf(" %d %d %d", l.o.TTL.Milliseconds(), max(1, int(l.o.IDs/time.Second)), max(1, l.o.MaxIDs/2))
	return &appender{log: l, script: redis.NewScript(appendSource), usual: "0" + settings, due: "1" + settings, topics: map[string]*destination{}}
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

// do returns when the call is answered, or the reason why it is not waited for any longer.
func (a *appender) do(ctx context.Context, c *call) error {
	if err := transports.CheckTopic(c.topic); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !a.log.enter() {
		return transports.ErrUnavailable
	}
	defer a.log.wg.Done()
	timeout := a.log.o.Timeout
	c.deadline, c.caller = time.Now().Add(timeout), ctx
	a.mu.Lock()
	if !a.sending {
		a.sending = true
		a.mu.Unlock()
		a.send([]*call{c}, c)
		return nil
	}
	if a.pending+len(c.items) > a.log.o.Pending && a.pending > 0 {
		a.mu.Unlock()
		return classify("appending to", c.topic, errPending)
	}
	c.turn = make(chan bool, 1)
	a.pending += len(c.items)
	a.calls = append(a.calls, c)
	a.mu.Unlock()

	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case mine := <-c.turn:
		if mine {
			a.send(a.take(), c)
			if !c.answered { // its time was up just then
				return classify("appending to", c.topic, errTimeout)
			}
		}
		return nil
	case <-ctx.Done():
		return a.leave(c, ctx.Err())
	case <-timer.C:
		return a.leave(c, classify("appending to", c.topic, errTimeout))
	case <-a.log.ctx.Done():
		return a.leave(c, transports.ErrUnavailable)
	}
}

// leave takes a call back and returns the reason, or nil if it has been answered meanwhile. When it
// was its turn to send, that passes on.
func (a *appender) leave(c *call, reason error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.left = true
	select {
	case mine := <-c.turn:
		if !mine {
			return nil
		}
		a.pass()
	default:
	}
	return reason
}

// take returns the calls for the next pipeline, without those that nobody waits for any more.
func (a *appender) take() []*call {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, items, bytes := 0, 0, 0
	var live []*call
	now := time.Now()
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
		if !c.left && c.caller.Err() == nil && now.Before(c.deadline) {
			live = append(live, c)
			items, bytes = items+len(c.items), bytes+size
		}
	}
	if a.calls = a.calls[n:]; len(a.calls) == 0 {
		a.calls = nil
	}
	return live
}

// pass gives the turn to the first who still waits; a.mu is held.
func (a *appender) pass() {
	for len(a.calls) > 0 {
		c := a.calls[0]
		if !c.left {
			c.turn <- true // nothing else was sent to it: it never blocks
			return
		}
		a.pending -= len(c.items)
		a.calls = a.calls[1:]
	}
	a.calls, a.sending = nil, false
}

// send stores the messages of some calls, one of which may be the sender's own, and passes the turn on.
func (a *appender) send(calls []*call, own *call) {
	if len(calls) > 0 {
		a.flush(calls)
	}
	a.mu.Lock()
	a.pass()
	a.mu.Unlock()
	for _, c := range calls {
		if c != own {
			c.turn <- false
		}
	}
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
