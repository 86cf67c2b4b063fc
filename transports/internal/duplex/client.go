package duplex

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// A FrameConn is the client's connection.
type FrameConn interface {
	// ReadFrame returns the next frame, whose memory is the caller's. Its error ends the Client.
	ReadFrame() (p []byte, binary bool, err error)
	// WriteFrame may be called concurrently.
	WriteFrame(p []byte, binary bool) error
	Close() error
}

// A Client is a transports.Conn over frames.
type Client struct {
	*Inbox
	conn FrameConn
	o    transports.Options
	done chan struct{} // closed when the reader has ended

	mu      sync.Mutex
	waiting map[string]*waiter // nil when the connection has ended
	outbox  []frame
	writing bool // a goroutine is writing the outbox

	writers sync.WaitGroup
}

// A waiter is a Send that waits for its answer.
type waiter struct {
	answer chan answer
	next   *waiter // another Send of the same ID
}

// NewClient returns a Conn over conn, which it closes.
func NewClient(conn FrameConn, o transports.Options, target transports.Target) *Client {
	c := &Client{conn: conn, o: o, done: make(chan struct{}), waiting: map[string]*waiter{}}
	c.Inbox = NewInbox(target, func(after transports.Cursor) {
		c.write(frame{wire.AppendControl(nil, wire.Control{Type: "subscribe", After: after.String()}), false})
	}, func() {
		c.write(frame{wire.AppendControl(nil, wire.Control{Type: "unsubscribe"}), false})
	})
	go c.read() // ends with the connection
	return c
}

// Send implements transports.Conn.
func (c *Client) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	if err := wire.CheckMessage(&m, c.o.MaxMessage); err != nil {
		return transports.Cursor{}, err
	}
	if err := ctx.Err(); err != nil {
		return transports.Cursor{}, err
	}
	w := &waiter{answer: make(chan answer, 1)}
	c.mu.Lock()
	if c.waiting == nil {
		c.mu.Unlock()
		return transports.Cursor{}, c.Err()
	}
	w.next = c.waiting[m.ID]
	c.waiting[m.ID] = w
	c.mu.Unlock()
	p := wire.AppendOne(nil, m)
	wire.CountUp(c.tally, m, len(p))
	c.write(frame{p, m.Binary})
	select {
	case a := <-w.answer:
		return a.at, a.err
	case <-ctx.Done():
		c.forget(m.ID, w)
		return transports.Cursor{}, ctx.Err()
	}
}

func (c *Client) forget(id string, w *waiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[id] == w {
		if c.waiting[id] = w.next; w.next == nil {
			delete(c.waiting, id)
		}
		return
	}
	for x := c.waiting[id]; x != nil; x = x.next {
		if x.next == w {
			x.next = w.next
		}
	}
}

// Close implements transports.Conn.
func (c *Client) Close() error {
	c.end(transports.ErrClosed)
	<-c.done
	c.writers.Wait()
	return nil
}

// end fails everything that waits with err; the first call counts.
func (c *Client) end(err error) {
	err = c.End(err)
	c.mu.Lock()
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, w := range waiting {
		for ; w != nil; w = w.next {
			w.answer <- answer{err: err}
		}
	}
	c.conn.Close()
}

func (c *Client) read() {
	defer close(c.done)
	for {
		p, binary, err := c.conn.ReadFrame()
		if err == nil {
			err = c.take(p, binary)
		}
		if err != nil {
			c.end(err)
			return
		}
	}
}

// failed ends the connection because nothing can be written any more. Why that is, the server's last
// words say, which the reader may be about to read.
func (c *Client) failed(err error) {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-c.done:
	case <-t.C:
		c.end(err)
	}
}

// lastWords is how long they may take.
const lastWords = time.Second

func (c *Client) take(p []byte, binary bool) error {
	if !binary && wire.IsControl(p) {
		return c.control(p)
	}
	b, err := wire.ParseDown(p, binary)
	if err != nil {
		return fmt.Errorf("the server sent a batch that cannot be read: %w", err)
	}
	return c.Batch(b)
}

// A frame waits to be written.
type frame struct {
	p      []byte
	binary bool
}

// write has a frame written soon, after those before it, without making the caller wait: a peer that
// takes nothing must not hold up a Send whose context has ended.
func (c *Client) write(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox = append(c.outbox, f)
	if !c.writing && c.waiting != nil {
		c.writing = true
		c.writers.Add(1)
		go c.flush() // ends when the outbox is empty
	}
}

func (c *Client) flush() {
	defer c.writers.Done()
	for {
		c.mu.Lock()
		out := c.outbox
		c.outbox = nil
		if len(out) == 0 {
			c.writing = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		for _, f := range out {
			if err := c.conn.WriteFrame(f.p, f.binary); err != nil {
				c.failed(err)
				return
			}
		}
	}
}

func (c *Client) control(p []byte) error {
	x, err := wire.ParseControl(p)
	switch {
	case err != nil:
		return fmt.Errorf("the server sent a control that cannot be read: %w", err)
	case x.Ack != nil:
		return c.acks(x)
	case x.Type == "error" && x.Error != nil:
		c.resolve(answer{id: x.ID, err: x.Error.Err(transports.Cursor{})})
		return nil
	}
	return c.Control(x)
}

func (c *Client) acks(x wire.Control) error {
	epoch := c.stated(x.Epoch)
	for i := 0; i+1 < len(x.Ack); i += 2 {
		id, ok := x.Ack[i].(string)
		n, isNumber := x.Ack[i+1].(json.Number)
		var offset uint64
		if ok && isNumber {
			_, err := fmt.Sscan(n.String(), &offset)
			ok = err == nil
		}
		if !ok || epoch == "" {
			return fmt.Errorf("the server sent an acknowledgement that cannot be read: %w", transports.ErrMalformed)
		}
		c.resolve(answer{id: id, at: transports.Cursor{Epoch: epoch, Offset: offset}})
	}
	return nil
}

func (c *Client) resolve(a answer) {
	c.mu.Lock()
	w := c.waiting[a.id]
	delete(c.waiting, a.id)
	c.mu.Unlock()
	for ; w != nil; w = w.next {
		w.answer <- a
	}
}
