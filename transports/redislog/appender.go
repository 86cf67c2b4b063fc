package redislog

import (
	"context"
	"fmt"
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

const (
	mostItems = 512     // in a pipeline
	mostBytes = 4 << 20 // of Data in a pipeline
)

func newAppender(l *Log) *appender {
	settings := fmt.Sprintf(" %d %d %d", l.o.TTL.Milliseconds(), max(1, int(l.o.IDs/time.Second)), max(1, l.o.MaxIDs/2))
	return &appender{log: l, script: redis.NewScript(appendSource), usual: "0" + settings, due: "1" + settings, topics: map[string]*destination{}}
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
