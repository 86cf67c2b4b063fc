package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/bench/result"
	"transportlab/transports/carrier"
)

// A wrapping delays the connections of this process.
type wrapping struct {
	net   result.Net
	seed  uint64
	clock *clock
	conns atomic.Uint64
}

// dial connects, which takes a round trip of the network.
func (w *wrapping) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	begin := w.clock.now()
	inner, err := carrier.Dialer(nil).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	select {
	case <-w.clock.at(begin + int64(w.net.RTT)):
	case <-ctx.Done():
		inner.Close()
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	}
	stream := 2 * w.conns.Add(1)
	c := &slowConn{Conn: inner, up: newLane(w.net, w.clock, w.seed, stream), down: newLane(w.net, w.clock, w.seed, stream+1)}
	c.readBy.init()
	c.writeBy.init()
	c.work.Go(func() { c.down.pump(inner) }) // ends with inner
	c.work.Go(func() {                       // ends with up
		if c.up.drain(inner) == io.EOF && !c.closing.Load() {
			if w, ok := inner.(interface{ CloseWrite() error }); ok {
				_ = w.CloseWrite() // the reader learns of a connection that is broken
			}
		}
	})
	return c, nil
}

// A slowConn is a connection whose bytes take their time, both ways, on this side of it. TCP below it sees
// nothing of that.
type slowConn struct {
	net.Conn
	up, down        *lane
	readBy, writeBy deadline
	closing         atomic.Bool
	abandon         atomic.Bool // Close does not wait for what is under way
	work            sync.WaitGroup
}

// Read implements net.Conn.
func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.down.pull(p, c.readBy.passed())
	return n, c.explain("read", err)
}

// Write implements net.Conn. It returns when the bytes are on their way.
func (c *slowConn) Write(p []byte) (int, error) {
	n, err := c.up.push(p, c.writeBy.passed())
	return n, c.explain("write", err)
}

func (c *slowConn) explain(op string, err error) error {
	var known *net.OpError
	if err == nil || err == io.EOF || errors.As(err, &known) {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Close implements net.Conn. What was written still arrives, so it takes as long as that.
func (c *slowConn) Close() error {
	if c.closing.Swap(true) {
		return net.ErrClosed
	}
	c.down.abort(net.ErrClosed)
	if c.abandon.Load() {
		c.up.abort(net.ErrClosed)
	} else {
		c.up.end(io.EOF)
		c.up.wait()
	}
	err := c.Conn.Close()
	c.work.Wait()
	c.readBy.stop()
	c.writeBy.stop()
	return err
}

// SetLinger says what Close does with data that is not yet sent, as net.TCPConn has it: 0 discards it.
func (c *slowConn) SetLinger(seconds int) error {
	c.abandon.Store(seconds == 0)
	if l, ok := c.Conn.(interface{ SetLinger(int) error }); ok {
		return l.SetLinger(seconds)
	}
	return errors.ErrUnsupported
}

// CloseWrite ends what this side says, behind what is under way.
func (c *slowConn) CloseWrite() error {
	c.up.end(io.EOF)
	return nil
}

// NetConn returns the connection beneath.
func (c *slowConn) NetConn() net.Conn { return c.Conn }

// SetDeadline implements net.Conn.
func (c *slowConn) SetDeadline(t time.Time) error {
	c.readBy.set(t)
	c.writeBy.set(t)
	return nil
}

// SetReadDeadline implements net.Conn.
func (c *slowConn) SetReadDeadline(t time.Time) error {
	c.readBy.set(t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *slowConn) SetWriteDeadline(t time.Time) error {
	c.writeBy.set(t)
	return nil
}

// A deadline is a channel that is closed when it has passed.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	late  chan struct{}
}

func (d *deadline) init() { d.late = make(chan struct{}) }

// passed returns the channel of the deadline as it is now. A later set of another time makes another one only
// when this one is closed already, as with net.Pipe.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.late
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.halt()
	select {
	case <-d.late:
		d.late = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	late := d.late
	wait := time.Until(t)
	if wait <= 0 {
		close(late)
		return
	}
	d.timer = time.AfterFunc(wait, func() { close(late) })
}

// halt stops the timer, or waits until it has rung. d is locked, which the timer does not need.
func (d *deadline) halt() {
	if d.timer != nil && !d.timer.Stop() {
		<-d.late
	}
	d.timer = nil
}

func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.halt()
}
