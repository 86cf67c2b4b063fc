package duplex

import (
	"context"
	"encoding/json"
	"errors"
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

// What a Client holds for a caller that is slow to Recv. Beyond it, the client asks the server to
// stop and subscribes again, at its cursor, once the caller has caught up: so a caller that only
// sends, or pauses, neither blocks its acknowledgements nor is cut off as a slow consumer.
const (
	holdMessages = 4096
	holdBytes    = 4 << 20
)

// A Client is a transports.Conn over frames.
type Client struct {
	conn  FrameConn
	o     transports.Options
	tally *transports.Tally
	done  chan struct{} // closed when the reader has ended
	news  chan struct{} // has room for one

	mu      sync.Mutex
	waiting map[string]*waiter
	queue   []item
	held    int // bytes in queue
	flow    flow
	tail    transports.Cursor // of the last message put in the queue
	epoch   string            // stated last on this connection
	err     error             // why the connection ended
	outbox  []frame
	writing bool // a goroutine is writing the outbox

	writers sync.WaitGroup
}

type item struct {
	m   transports.Message
	gap *transports.GapError
}

// flow is where the subscription stands: batches count only while it is on.
type flow int

const (
	off   flow = iota // not subscribed, as at first
	asked             // waiting for the server to say that it has subscribed us
	on
)

// A waiter is a Send that waits for its answer.
type waiter struct {
	answer chan answer
	next   *waiter // another Send of the same ID
}

// NewClient returns a Conn over conn, which it closes.
func NewClient(conn FrameConn, o transports.Options, target transports.Target) *Client {
	after := target.After
	c := &Client{conn: conn, o: o, tally: target.Tally, done: make(chan struct{}), news: make(chan struct{}, 1),
		waiting: map[string]*waiter{}, tail: after, epoch: after.Epoch}
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
	if c.err != nil {
		c.mu.Unlock()
		return transports.Cursor{}, c.err
	}
	w.next = c.waiting[m.ID]
	c.waiting[m.ID] = w
	c.mu.Unlock()
	var p []byte
	if m.Binary {
		p = wire.AppendBinaryEntry(nil, m)
	} else {
		p = wire.AppendUp(nil, m)
	}
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

// Recv implements transports.Conn.
func (c *Client) Recv(ctx context.Context) (transports.Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return transports.Message{}, err
		}
		c.mu.Lock()
		if len(c.queue) > 0 && c.err != transports.ErrClosed {
			x := c.queue[0]
			c.queue[0] = item{}
			c.queue = c.queue[1:]
			c.held -= len(x.m.Data)
			c.mu.Unlock()
			if x.gap != nil {
				return transports.Message{}, x.gap
			}
			return x.m, nil
		}
		err, subscribe := c.err, c.flow == off
		if subscribe && err == nil {
			c.flow = asked
		}
		after := c.tail
		c.mu.Unlock()
		if err != nil {
			return transports.Message{}, err
		}
		if subscribe {
			p := wire.AppendControl(nil, wire.Control{Type: "subscribe", After: after.String()})
			c.write(frame{p, false})
		}
		select {
		case <-c.news:
		case <-c.done:
		case <-ctx.Done():
			return transports.Message{}, ctx.Err()
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
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	} else if err == transports.ErrClosed {
		c.err = err // who closes hears of nothing else
	}
	waiting := c.waiting
	c.waiting = map[string]*waiter{}
	err = c.err
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
	parse := wire.ParseText
	if binary {
		parse = wire.ParseBinary
	}
	b, err := parse(p)
	if err != nil {
		return fmt.Errorf("the server sent a batch that cannot be read: %w", err)
	}
	b.Count(c.tally)
	c.mu.Lock()
	if b.First.Epoch != "" {
		c.epoch = b.First.Epoch
	}
	if c.flow != on {
		c.mu.Unlock()
		return nil
	}
	if err := wire.Follows(c.tail, c.epoch, b); err != nil {
		c.mu.Unlock()
		return err
	}
	for _, m := range b.Messages {
		m.Epoch = c.epoch
		c.queue = append(c.queue, item{m: m})
		c.held += len(m.Data)
		c.tail = m.Cursor
	}
	full := len(c.queue) > holdMessages || c.held > holdBytes
	if full {
		c.flow = off
	}
	c.mu.Unlock()
	c.tell()
	if full {
		c.write(frame{wire.AppendControl(nil, wire.Control{Type: "unsubscribe"}), false})
	}
	return nil
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
	if !c.writing && c.err == nil {
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

func (c *Client) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *Client) control(p []byte) error {
	x, err := wire.ParseControl(p)
	if err != nil {
		return fmt.Errorf("the server sent a control that cannot be read: %w", err)
	}
	switch {
	case x.Ack != nil:
		return c.acks(x)
	case x.Type == "bye" && x.Error != nil:
		return x.Error.Err(transports.Cursor{})
	case x.Type == "error" && x.Error != nil:
		c.resolve(answer{id: x.ID, err: x.Error.Err(transports.Cursor{})})
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch x.Type {
	case "subscribed":
		if c.flow == asked {
			c.flow = on
		}
		if c.tail.Epoch != "" {
			c.epoch = c.tail.Epoch
		}
	case "gap":
		c.epoch = x.Epoch
		if c.flow != on {
			return nil
		}
		err := wire.GapError(c.tail, x.Epoch, x.First, x.Last)
		var gap *transports.GapError
		if !errors.As(err, &gap) {
			return err
		}
		c.queue = append(c.queue, item{gap: gap})
		c.tail = gap.Resume()
		c.tell()
	}
	return nil // an unknown control is one of a later version
}

func (c *Client) acks(x wire.Control) error {
	c.mu.Lock()
	if x.Epoch != "" {
		c.epoch = x.Epoch
	}
	epoch := c.epoch
	c.mu.Unlock()
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
