package streaming

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"transportlab/transports"
	"transportlab/transports/internal/pull"
	"transportlab/transports/internal/wire"
)

// mostEvent is the longest event that the client takes, so that a hostile server cannot fill it.
const mostEvent = 64 << 20

// A conn sends with POST and receives from a response that it opens at the first Recv, and again at
// its cursor whenever the response has ended as it should or a caller's context cut it off.
type conn struct {
	transport
	target transports.Target
	ctx    context.Context // ends with Close or the first error
	cancel context.CancelCauseFunc

	recv   sync.Mutex // Recv: one at a time; guards what follows
	queue  []transports.Message
	tail   transports.Cursor
	epoch  string
	stream *stream
}

// A stream is one response.
type stream struct {
	body   io.Closer
	next   func() (kind string, data []byte, err error)
	cancel context.CancelFunc
}

func dial(t transport, target transports.Target) (*conn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	c := &conn{transport: t, target: target, tail: target.After}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// Send implements transports.Conn.
func (c *conn) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	return pull.Send(ctx, c.ctx, c.cancel, c.target, c.o, m)
}

// Recv implements transports.Conn.
func (c *conn) Recv(ctx context.Context) (transports.Message, error) {
	c.recv.Lock()
	defer c.recv.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return transports.Message{}, err
		}
		if err := context.Cause(c.ctx); err != nil {
			c.drop()
			return transports.Message{}, err
		}
		if len(c.queue) > 0 {
			m := c.queue[0]
			c.queue[0] = transports.Message{}
			c.queue = c.queue[1:]
			return m, nil
		}
		err := c.more(ctx)
		if err == nil || ctx.Err() != nil || c.ctx.Err() != nil {
			continue
		}
		var gap *transports.GapError
		if errors.As(err, &gap) {
			c.tail, c.epoch = gap.Resume(), gap.Epoch
			return transports.Message{}, gap
		}
		c.drop()
		c.cancel(err)
	}
}

// Close implements transports.Conn.
func (c *conn) Close() error {
	c.cancel(transports.ErrClosed)
	c.recv.Lock() // a Recv under way ends now
	defer c.recv.Unlock()
	c.drop()
	return nil
}

func (c *conn) drop() {
	if c.stream != nil {
		c.stream.cancel()
		c.stream.body.Close()
		c.stream = nil
	}
}

// more waits for the next event of the stream and takes it. When ctx ends while waiting, the stream is
// given up, for a read of a response cannot be interrupted otherwise; nothing is lost by that.
func (c *conn) more(ctx context.Context) error {
	if c.stream == nil {
		if err := c.open(ctx); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, c.stream.cancel)
	kind, data, err := c.stream.next()
	if !stop() || err == io.EOF {
		c.drop()
		return nil // asked to stop, or the server began a new response
	}
	if err != nil {
		return err
	}
	return c.take(kind, data)
}

func (c *conn) open(ctx context.Context) error {
	life, cancel := context.WithCancel(c.ctx)
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	s, err := c.request(life, cancel)
	if err != nil {
		cancel()
		return err
	}
	c.stream = s
	c.epoch = c.tail.Epoch
	return nil
}

func (c *conn) request(ctx context.Context, cancel context.CancelFunc) (*stream, error) {
	r, err := pull.Request(ctx, http.MethodGet, pull.URL(c.target, c.tail), nil, c.target.Header)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", c.accept)
	resp, err := pull.Client(c.target).Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, wire.ReadError(resp, c.tail)
	}
	s := &stream{body: resp.Body, cancel: cancel}
	switch kind := resp.Header.Get("Content-Type"); kind {
	case "text/event-stream":
		d := NewDecoder(resp.Body, mostEvent)
		s.next = func() (string, []byte, error) {
			e, err := d.Next()
			return e.Type, e.Data, err
		}
	case "application/x-ndjson":
		lines := bufio.NewReader(resp.Body)
		s.next = func() (string, []byte, error) { return nextLine(lines) }
	default:
		resp.Body.Close()
		return nil, fmt.Errorf("the server answered with %q instead of a stream: %w", kind, transports.ErrUnsupported)
	}
	return s, nil
}

// nextLine reads a line of NDJSON; the kind of a control is its type.
func nextLine(r *bufio.Reader) (kind string, data []byte, err error) {
	for len(data) == 0 {
		for {
			part, err := r.ReadSlice('\n')
			data = append(data, part...)
			if err == nil {
				break
			}
			if err != bufio.ErrBufferFull {
				return "", nil, err // a line that was cut off is no line
			}
			if len(data) > mostEvent {
				return "", nil, ErrEventTooLarge
			}
		}
		data = bytes.TrimRight(data, "\n")
	}
	if wire.IsControl(data) {
		c, err := wire.ParseControl(data)
		return c.Type, data, err
	}
	return "message", data, nil
}

func (c *conn) take(kind string, data []byte) error {
	if kind != "message" {
		x, err := wire.ParseControl(data)
		if err != nil {
			return err
		}
		switch {
		case kind == "gap":
			return wire.GapError(c.tail, x.Epoch, x.First, x.Last)
		case x.Error != nil:
			return x.Error.Err(c.tail)
		}
		return nil
	}
	b, err := wire.ParseText(data)
	if err != nil {
		return fmt.Errorf("the server sent an event that cannot be read: %w", err)
	}
	if b.First.Epoch != "" {
		c.epoch = b.First.Epoch
	}
	if err := wire.Follows(c.tail, c.epoch, b); err != nil {
		return err
	}
	for _, m := range b.Messages {
		m.Epoch = c.epoch
		c.queue = append(c.queue, m)
		c.tail = m.Cursor
	}
	return nil
}
