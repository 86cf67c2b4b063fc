// Package pull is the client that asks again: the Conn of transports without a stream. It sends with
// POST, and receives by asking for what comes after its cursor whenever its caller wants a message
// and none is left. It has no goroutine of its own.
package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// An Arm is what differs between the transports that ask.
type Arm struct {
	// Ask prepares the request for what comes after the cursor; nil leaves it a GET of "?after=".
	Ask func(r *http.Request, after transports.Cursor)
	// Next returns when to ask again: the last request, of the one that began at the time began,
	// was answered with n messages.
	Next func(began time.Time, n int) time.Time
	// News: POST names the cursor, and its answer carries what is new there.
	News bool
}

// A Conn is a transports.Conn.
type Conn struct {
	arm    Arm
	target transports.Target
	o      transports.Options
	ctx    context.Context // ends with Close or the first error
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	queue  []transports.Message
	tail   transports.Cursor // of the last message put in the queue
	asking bool              // Recv was called: somebody wants messages
	posted chan struct{}     // has room for one: an answer to POST brought messages

	recv sync.Mutex // Recv: one at a time
	next time.Time  // when to ask again
}

// New returns a Conn.
func New(target transports.Target, o transports.Options, arm Arm) (*Conn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	if _, err := url.Parse(target.URL); err != nil {
		return nil, fmt.Errorf("dial %q: %w", target.URL, err)
	}
	c := &Conn{arm: arm, target: target, o: o, tail: target.After, posted: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// Send implements transports.Conn.
func (c *Conn) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	answer, err := post(ctx, c.ctx, c.cancel, c.target, c.postURL(), c.o, m)
	if err == nil && len(answer.News) > 0 {
		err = c.news(answer)
	}
	return answer.cursor(), err
}

func (c *Conn) postURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := URL(c.target, transports.Cursor{})
	if c.arm.News && c.asking && len(c.queue) < holdMessages {
		u += "?after=" + c.tail.String()
	}
	return u
}

// holdMessages is how many messages that nobody has received yet may be waiting before POST stops
// asking for more.
const holdMessages = 4096

// news takes what the answer to a POST carried beyond the position. Parts that a GET has brought
// meanwhile, or that begin beyond what is known, are left to the next GET.
func (c *Conn) news(answer PostAnswer) error {
	b, err := wire.ParseText(answer.News)
	if err != nil {
		return fmt.Errorf("the server's answer to a POST cannot be read: %w", err)
	}
	if b.First.Epoch == "" {
		b.First.Epoch = answer.Epoch
	}
	b.Count(c.target.Tally)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tail.Epoch == b.First.Epoch && b.First.Offset <= c.tail.Offset {
		b.Messages = b.Messages[min(uint64(len(b.Messages)), c.tail.Offset+1-b.First.Offset):]
		b.First.Offset = c.tail.Offset + 1
	}
	if wire.Follows(c.tail, b.First.Epoch, b) == nil {
		c.add(b)
		select {
		case c.posted <- struct{}{}:
		default:
		}
	}
	return nil
}

// add puts a batch in the queue; c is locked.
func (c *Conn) add(b wire.Batch) {
	for _, m := range b.Messages {
		m.Epoch = b.First.Epoch
		c.queue = append(c.queue, m)
		c.tail = m.Cursor
	}
}

// fail ends the connection with err, unless it had ended before, and returns why it ended.
func (c *Conn) fail(err error) error {
	c.cancel(err)
	return context.Cause(c.ctx)
}

// Close implements transports.Conn.
func (c *Conn) Close() error {
	c.cancel(transports.ErrClosed)
	return nil
}

// Recv implements transports.Conn.
func (c *Conn) Recv(ctx context.Context) (transports.Message, error) {
	c.recv.Lock()
	defer c.recv.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return transports.Message{}, err
		}
		if err := context.Cause(c.ctx); err != nil {
			return transports.Message{}, err
		}
		if m, ok := c.pop(); ok {
			return m, nil
		}
		if !c.wait(ctx) {
			continue
		}
		began := time.Now()
		n, err := c.ask(ctx)
		var gap *transports.GapError
		if errors.As(err, &gap) {
			c.mu.Lock()
			c.tail = gap.Resume()
			c.mu.Unlock()
			return transports.Message{}, gap
		}
		if err != nil && context.Cause(c.ctx) == nil {
			if ctx.Err() != nil {
				continue
			}
			return transports.Message{}, c.fail(err)
		}
		c.next = c.arm.Next(began, n)
	}
}

func (c *Conn) pop() (m transports.Message, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = true
	if len(c.queue) == 0 {
		return m, false
	}
	m = c.queue[0]
	c.queue[0] = transports.Message{}
	c.queue = c.queue[1:]
	return m, true
}

// wait sleeps until it is time to ask; false when something else happened before.
func (c *Conn) wait(ctx context.Context) bool {
	d := time.Until(c.next)
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.posted:
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
	return false
}

// ask makes one request and takes its answer.
func (c *Conn) ask(ctx context.Context) (n int, err error) {
	ctx, stop := within(ctx, c.ctx)
	defer stop()
	c.mu.Lock()
	after := c.tail
	c.mu.Unlock()
	r, err := Request(ctx, http.MethodGet, URL(c.target, after), nil, c.target.Header)
	if err != nil {
		return 0, err
	}
	if c.arm.Ask != nil {
		c.arm.Ask(r, after)
	}
	resp, err := Client(c.target).Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent, http.StatusNotModified:
		return 0, nil
	case http.StatusOK:
	default:
		return 0, wire.ReadError(resp, after)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes))
	if err != nil {
		return 0, err
	}
	parse := wire.ParseText
	if resp.Header.Get("Content-Type") == "application/octet-stream" {
		parse = wire.ParseBinary
	}
	b, err := parse(body)
	if err != nil {
		return 0, fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return len(b.Messages), c.take(after, b)
}

// take queues the answer to a request for what comes after a cursor.
func (c *Conn) take(after transports.Cursor, b wire.Batch) error {
	b.Count(c.target.Tally)
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.First.Epoch == "" {
		b.First.Epoch = after.Epoch
	}
	if c.tail != after { // an answer to POST was faster: the next request asks from there
		return nil
	}
	if err := wire.Follows(c.tail, b.First.Epoch, b); err != nil {
		return err
	}
	c.add(b)
	return nil
}
