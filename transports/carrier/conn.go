package carrier

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"transportlab/transports"
)

// A Conn is a connection whose bytes are counted. TLS is beneath it, so what is read from and written
// to it is HTTP, and so that both the records and what they carry are counted. It may be hijacked; it
// keeps counting.
type Conn struct {
	inner    net.Conn // TCP, or TLS over a record counter
	tls      *tls.Conn
	records  *records
	meter    *Meter
	up, down direction
	turns    turns
	reading  readDeadline
	server   bool
	closed   atomic.Bool
	left     func(*Conn) // called once when it has closed

	addr    netip.Prefix      // of the client, for its cap
	refusal *transports.Error // over a cap: every request gets this
}

// A direction is one way through a connection.
type direction struct {
	mu     sync.Mutex // one Read or Write at a time passes the parser
	parser parser
	counts counters
}

// newConn wraps a connection on one of its two sides. config is nil without TLS.
func newConn(inner net.Conn, server bool, config *tls.Config, m *Meter, left func(*Conn)) *Conn {
	c := &Conn{inner: inner, meter: m, server: server, left: left}
	c.down.parser.response = true
	if config != nil {
		c.records = &records{Conn: inner, conn: c}
		if server {
			c.tls = tls.Server(c.records, config)
		} else {
			c.tls = tls.Client(c.records, config)
		}
		c.inner = c.tls
	}
	m.enter(c)
	return c
}

// handshake finishes the TLS handshake. Where there is none to do it costs one load.
func (c *Conn) handshake(ctx context.Context) error {
	if c.tls == nil || c.records.steady.Load() {
		return nil
	}
	if err := c.tls.HandshakeContext(ctx); err != nil {
		if e, ok := errors.AsType[tls.RecordHeaderError](err); ok && e.Conn != nil && c.server && looksLikeHTTP(e.RecordHeader) {
			io.WriteString(e.Conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		}
		return err
	}
	c.records.steady.Store(true)
	return nil
}

// looksLikeHTTP tells a request without TLS by what stands where a record's header should.
func looksLikeHTTP(b [5]byte) bool {
	switch string(b[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "PRI *":
		return true
	}
	return false
}

// connectionState is that of TLS, nil without it or before its handshake has ended.
func (c *Conn) connectionState() *tls.ConnectionState {
	if c.tls == nil || !c.records.steady.Load() {
		return nil
	}
	s := c.tls.ConnectionState()
	return &s
}

// ways returns the directions that this side reads and writes.
func (c *Conn) ways() (read, write *direction) {
	if c.server {
		return &c.up, &c.down
	}
	return &c.down, &c.up
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.reading.now(c.inner, t), c.inner.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn. It reaches the connection beneath with the next Read.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.reading.want(c.inner, t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	d, _ := c.ways()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := c.reading.begin(c.inner); err != nil {
		return 0, err
	}
	defer c.reading.end()
	if err := c.handshake(context.Background()); err != nil {
		return 0, err
	}
	n, err := c.inner.Read(p)
	if n > 0 {
		var t tally
		c.classify(d, p[:n], &t)
		d.counts.add(&t)
	}
	return n, err
}

// Write implements net.Conn. What is written is parsed and counted first: the reader of this side then knows
// of an upgrade before the peer can answer it, and nobody sees an answer counted whose request is not.
func (c *Conn) Write(p []byte) (int, error) {
	_, d := c.ways()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := c.handshake(context.Background()); err != nil {
		return 0, err
	}
	before := d.parser
	var t tally
	c.classify(d, p, &t)
	d.counts.add(&t)
	n, err := c.inner.Write(p)
	if n < len(p) {
		t.negate()
		d.parser = before
		c.classify(d, p[:n], &t)
		d.counts.add(&t)
	}
	return n, err
}

func (c *Conn) classify(d *direction, p []byte, t *tally) {
	if c.meter.Plain {
		t[stream] += int64(len(p))
	} else {
		d.parser.feed(p, &c.turns, t)
	}
	if c.tls == nil {
		t[onWire] += int64(len(p))
	}
}

// Close implements net.Conn. The second Close does nothing.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	err := c.inner.Close()
	// A Read or Write that was under way ends now and counts before the sum is taken.
	c.up.mu.Lock()
	c.down.mu.Lock()
	c.meter.leave(c)
	c.down.mu.Unlock()
	c.up.mu.Unlock()
	c.left(c)
	return err
}

// CloseWrite ends what this side says: net/http needs it so that a client that is still sending reads
// the answer that refuses its body.
func (c *Conn) CloseWrite() error {
	if w, ok := c.inner.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Bytes is what this connection has carried so far.
func (c *Conn) Bytes() (up, down Bytes) {
	u, d := c.up.counts.load(), c.down.counts.load()
	return u.bytes(), d.bytes()
}

// NetConn returns the connection beneath: TLS, or TCP. What passes there is not classified.
func (c *Conn) NetConn() net.Conn { return c.inner }

// SyscallConn implements syscall.Conn, for socket options and TCP_INFO; errors.ErrUnsupported where
// the connection is not a socket.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	for inner := c.inner; ; {
		switch x := inner.(type) {
		case syscall.Conn:
			return x.SyscallConn()
		case interface{ NetConn() net.Conn }:
			inner = x.NetConn()
		default:
			return nil, errors.ErrUnsupported
		}
	}
}
