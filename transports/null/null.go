// Package null is the floor below every transport: its client calls the log itself, in one process and
// with nothing in between. What it costs is what the log and the driver cost.
package null

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

type transport struct {
	log transports.Log
	o   transports.Options
}

// New returns the transport over log. Its only carrier, "none", is no carrier.
func New(log transports.Log, o transports.Options) transports.Transport {
	return transport{log, o.WithDefaults()}
}

func (transport) Info() transports.Info {
	return transports.Info{Name: "null", Title: "Direct call", Push: true, Floor: true, Carriers: []string{"none"}}
}

// NewServer returns a server that refuses every request: nothing of this transport goes over HTTP.
func (transport) NewServer(transports.Log) transports.Server { return server{} }

type server struct{}

func (server) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	wire.WriteError(w, transports.ErrUnsupported)
}

func (server) Shutdown(context.Context) error { return nil }

// Dial returns a connection to a topic of the log; the target's URL and client mean nothing to it.
func (t transport) Dial(_ context.Context, target transports.Target) (transports.Conn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	c := &conn{transport: t, topic: target.Topic, after: target.After}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// A conn has no goroutine and no buffer but the batch that Recv read last.
type conn struct {
	transport
	topic  string
	ctx    context.Context // ends with Close or the first error
	cancel context.CancelCauseFunc

	recv  sync.Mutex // Recv: one at a time; guards what follows
	after transports.Cursor
	queue []transports.Message
}

// Send implements transports.Conn.
func (c *conn) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	if err := c.ended(ctx); err != nil {
		return transports.Cursor{}, err
	}
	if err := wire.CheckMessage(&m, c.o.MaxMessage); err != nil {
		return transports.Cursor{}, err
	}
	calling, stop := c.within(ctx)
	defer stop()
	at, err := c.log.Append(calling, c.topic, m)
	if err == nil || errors.Is(err, transports.ErrConflict) || errors.Is(err, transports.ErrTooLarge) {
		return at, err
	}
	return transports.Cursor{}, c.fail(ctx, err)
}

// Recv implements transports.Conn.
func (c *conn) Recv(ctx context.Context) (transports.Message, error) {
	c.recv.Lock()
	defer c.recv.Unlock()
	for {
		if err := c.ended(ctx); err != nil {
			return transports.Message{}, err
		}
		if len(c.queue) > 0 {
			m := c.queue[0]
			c.queue = c.queue[1:]
			c.after = m.Cursor
			return m, nil
		}
		err := c.more(ctx)
		var gap *transports.GapError
		if errors.As(err, &gap) {
			c.after = gap.Resume()
			return transports.Message{}, gap
		}
		if err != nil {
			return transports.Message{}, c.fail(ctx, err)
		}
	}
}

// more reads what there is, or waits until there is something.
func (c *conn) more(ctx context.Context) error {
	calling, stop := c.within(ctx)
	defer stop()
	ms, err := c.log.Read(calling, c.topic, c.after, c.o.Batch)
	if err != nil {
		return err
	}
	if c.queue = ms; len(ms) > 0 {
		return nil
	}
	return c.log.Wait(calling, c.topic, c.after)
}

// within returns a context that ends with ctx and with the connection.
func (c *conn) within(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// ended returns why the connection, or else this call, has ended.
func (c *conn) ended(ctx context.Context) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return ctx.Err()
}

// fail ends the connection with err, unless only this call has ended, and returns what to tell.
func (c *conn) fail(ctx context.Context, err error) error {
	if e := c.ended(ctx); e != nil {
		return e
	}
	c.cancel(err)
	return context.Cause(c.ctx)
}

// Close implements transports.Conn.
func (c *conn) Close() error {
	c.cancel(transports.ErrClosed)
	return nil
}
