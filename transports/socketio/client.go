package socketio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"

	"transportlab/socketio/client"
	engine "transportlab/socketio/engineio/client"
	"transportlab/socketio/parser"
	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/pull"
	"transportlab/transports/internal/wire"
)

// A conn is the client's end.
type conn struct {
	*duplex.Inbox
	t       transport
	tally   *transports.Tally
	manager *client.Manager
	socket  *client.Socket
	life    context.Context // ends with the Inbox
	stop    context.CancelFunc
}

// Dial implements transports.Transport.
func (t transport) Dial(ctx context.Context, target transports.Target) (transports.Conn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	u, err := url.Parse(pull.URL(target, transports.Cursor{}))
	if err != nil {
		return nil, err
	}
	hc := *pull.Client(target)
	hc.Transport = refusals{hc.Transport}
	manager, err := client.New(u.Scheme+"://"+u.Host, client.Options{
		Path: u.Path, NoTrailingSlash: true, Header: target.Header, HTTPClient: &hc,
		Transports: t.dials, TryAllTransports: !t.upgrade, DisableUpgrade: !t.upgrade,
		Reconnection: client.Reconnection{Disabled: true}, // Redial's task
		SendBuffer:   1,                                   // nothing waits for another connection
		WriteBuffer:  math.MaxInt,                         // every Send waits for its own acknowledgement
		Engine:       engine.Options{MaxMessage: 64 << 20, CompressionThreshold: t.threshold()},
	})
	if err != nil {
		return nil, err
	}
	c := &conn{t: t, tally: target.Tally, manager: manager, socket: manager.Socket("/", client.SocketOptions{})}
	c.Inbox = duplex.NewInbox(target, func(after transports.Cursor) { c.emit("subscribe", after.String()) }, func() { c.emit("unsubscribe") })
	c.life, c.stop = context.WithCancel(context.Background())
	opened := make(chan error, 2)
	c.socket.OnConnect(func(context.Context) { opened <- nil })
	c.socket.OnConnectError(func(err error) { opened <- err })
	c.socket.OnDisconnect(func(reason client.Reason, err error) { c.finish(lost(reason, err)) })
	c.socket.OnEvent("batch", c.take(func(v parser.Value) error {
		p, binary := []byte(v.JSON), len(v.Attachments) > 0
		if binary {
			p = v.Attachments[0]
		}
		b, err := wire.ParseDown(p, binary)
		if err != nil {
			return err
		}
		return c.Batch(b)
	}))
	c.socket.OnEvent("control", c.take(func(v parser.Value) error {
		x, err := wire.ParseControl(v.JSON)
		if err != nil {
			return err
		}
		return c.Control(x)
	}))
	c.socket.Connect()
	select {
	case err = <-opened:
	case <-c.Ended():
		err = c.Err()
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.Close()
		return nil, reason(err)
	}
	return c, nil
}

func (t transport) threshold() int {
	if t.o.Compression {
		return 0
	}
	return -1
}

// emit sends what the server does not answer. It does not block.
func (c *conn) emit(event string, args ...any) {
	_ = c.socket.Emit(context.Background(), event, args...) // who is not connected learns it otherwise
}

// take returns a handler of the server's events, whose failure ends the connection.
func (c *conn) take(f func(v parser.Value) error) client.EventHandler {
	return func(_ context.Context, e *client.Event) error {
		err := error(transports.ErrMalformed)
		if len(e.Args) == 1 {
			err = f(e.Args[0])
		}
		if err != nil {
			c.end(fmt.Errorf("socketio: %q: %w", e.Name, err))
		}
		return nil
	}
}

// finish ends everything that waits.
func (c *conn) finish(err error) {
	c.End(err)
	c.stop()
}

func (c *conn) end(err error) {
	c.finish(err)
	c.socket.Disconnect()
}

// Send implements transports.Conn.
func (c *conn) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	if err := wire.CheckMessage(&m, c.t.o.MaxMessage); err != nil {
		return transports.Cursor{}, err
	}
	if err := ctx.Err(); err != nil {
		return transports.Cursor{}, err
	}
	if err := c.Err(); err != nil {
		return transports.Cursor{}, err
	}
	p := wire.AppendOne(nil, m)
	wire.CountUp(c.tally, m, len(p))
	batch := any(parser.Value{JSON: p})
	if m.Binary {
		batch = p
	}
	// The library keeps what meets the connection's end for another connection, which there will not be.
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	answer, err := c.socket.EmitWithAck(waiting, "send", batch)
	if err == nil {
		return c.answered(answer)
	}
	select {
	case <-ctx.Done():
		return transports.Cursor{}, ctx.Err()
	case <-c.Ended(): // it has, or is about to be
		return transports.Cursor{}, c.Err()
	}
}

// answered reads an acknowledgement. An error that is no refusal of this one message ends the connection.
func (c *conn) answered(args []parser.Value) (at transports.Cursor, err error) {
	switch len(args) {
	case 2:
		if err = errors.Join(args[0].Decode(&at.Epoch), args[1].Decode(&at.Offset)); err == nil {
			return at, nil
		}
	case 1:
		var body wire.ErrorBody
		if err = args[0].Decode(&body); err == nil {
			err = body.Err(transports.Cursor{})
		}
	default:
		err = transports.ErrMalformed
	}
	if !errors.Is(err, transports.ErrConflict) && !errors.Is(err, transports.ErrTooLarge) {
		c.end(err)
	}
	return transports.Cursor{}, err
}

// Close implements transports.Conn.
func (c *conn) Close() error {
	c.finish(transports.ErrClosed)
	return c.manager.Close(context.Background()) // which takes five seconds at most
}

// lost is the error of a connection that has ended without a goodbye.
func lost(why client.Reason, err error) error {
	if err == nil {
		return fmt.Errorf("socketio: the connection was lost: %s", why)
	}
	return reason(fmt.Errorf("socketio: the connection was lost: %s: %w", why, err))
}

// reason returns the server's own error where err holds one.
func reason(err error) error {
	var e *transports.Error
	if errors.As(err, &e) {
		return e
	}
	return err
}

// refusals is an http.RoundTripper that makes errors of the server's refusals: Engine.IO's clients keep no
// more than the status. Answers that are not the lab's pass.
type refusals struct{ http.RoundTripper }

func (t refusals) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.RoundTripper
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	defer resp.Body.Close()
	p, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(p))
	if err := wire.ReadError(resp, transports.Cursor{}); !strings.HasPrefix(wire.AsError(err).Code, "http_") {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(p))
	return resp, nil
}
