package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// A StreamConn is a transports.Conn that sends with POST and receives from one unending response, which
// it opens at the first Recv, and again at its cursor whenever the response has ended as it should or a
// caller's context cut it off.
type StreamConn struct {
	o      transports.Options
	accept string // the media type asked for
	parse  StreamParser
	target transports.Target
	ctx    context.Context // ends with Close or the first error
	cancel context.CancelCauseFunc

	recv   sync.Mutex // Recv: one at a time; guards what follows
	queue  []transports.Message
	tail   transports.Cursor
	epoch  string
	stream *stream
}

// A StreamParser returns how to read the parts of a response's body: kind is "message" for a batch, or
// else that of a control; an error of ErrUnsupported means that contentType is none that it knows.
type StreamParser func(contentType string, body io.Reader) (next func() (kind string, data []byte, err error), err error)

// A stream is one response.
type stream struct {
	body   io.Closer
	next   func() (kind string, data []byte, err error)
	cancel context.CancelFunc
}

// NewStream returns a StreamConn.
func NewStream(target transports.Target, o transports.Options, accept string, parse StreamParser) (*StreamConn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	c := &StreamConn{o: o, accept: accept, parse: parse, target: target, tail: target.After}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// Send implements transports.Conn.
func (c *StreamConn) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	return Send(ctx, c.ctx, c.cancel, c.target, c.o, m)
}

// Recv implements transports.Conn.
func (c *StreamConn) Recv(ctx context.Context) (transports.Message, error) {
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
func (c *StreamConn) Close() error {
	c.cancel(transports.ErrClosed)
	c.recv.Lock() // a Recv under way ends now
	defer c.recv.Unlock()
	c.drop()
	return nil
}

func (c *StreamConn) drop() {
	if c.stream != nil {
		c.stream.cancel()
		c.stream.body.Close()
		c.stream = nil
	}
}

// more waits for the next event of the stream and takes it. When ctx ends while waiting, the stream is
// given up, for a read of a response cannot be interrupted otherwise; nothing is lost by that.
func (c *StreamConn) more(ctx context.Context) error {
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

func (c *StreamConn) open(ctx context.Context) error {
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

func (c *StreamConn) request(ctx context.Context, cancel context.CancelFunc) (*stream, error) {
	r, err := Request(ctx, http.MethodGet, URL(c.target, c.tail), nil, c.target.Header)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", c.accept)
	resp, err := Client(c.target).Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, wire.ReadError(resp, c.tail)
	}
	next, err := c.parse(resp.Header.Get("Content-Type"), resp.Body)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	return &stream{body: resp.Body, next: next, cancel: cancel}, nil
}

func (c *StreamConn) take(kind string, data []byte) error {
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
	b.Count(c.target.Tally)
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
