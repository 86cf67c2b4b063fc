// Package wire reads what the kernel counted on TCP connections: payload, segments, retransmissions. Bytes
// that a process writes are not what a link carries; this is.
package wire

import (
	"errors"
	"net"
	"sync"
	"syscall"
)

// A Count is what one or several connections have carried.
type Count struct {
	Connections uint64 // ever counted
	Unread      uint64 // of them, those whose count could not be read
	Up, Down    Way    // seen from this side: up is what it sent
}

// A Way is one direction. Received bytes are those of the stream, each once; sent ones are with repetitions.
type Way struct{ Bytes, Segments, Retransmitted uint64 }

func (w Way) plus(o Way) Way {
	return Way{w.Bytes + o.Bytes, w.Segments + o.Segments, w.Retransmitted + o.Retransmitted}
}

func (w Way) sub(o Way) Way {
	return Way{w.Bytes - o.Bytes, w.Segments - o.Segments, w.Retransmitted - o.Retransmitted}
}

func (c Count) plus(o Count) Count {
	return Count{c.Connections + o.Connections, c.Unread + o.Unread, c.Up.plus(o.Up), c.Down.plus(o.Down)}
}

// Sub is what happened between the earlier Count o and c.
func (c Count) Sub(o Count) Count {
	return Count{c.Connections - o.Connections, c.Unread - o.Unread, c.Up.sub(o.Up), c.Down.sub(o.Down)}
}

// Supported tells whether this system counts.
func Supported() bool { return supported }

// A Counter adds up connections, closed ones too. What a closed one says and hears after Close, the end of the
// stream and its acknowledgement, is not in its count: at most two segments each way. The zero value has
// counted nothing; its methods may be called concurrently.
type Counter struct {
	mu     sync.Mutex
	live   map[*conn]struct{}
	closed Count
}

// Add counts a connection from its handshake on, and returns what is to be used instead of it.
func (c *Counter) Add(inner net.Conn) net.Conn {
	x := &conn{Conn: inner, counter: c}
	x.raw, _ = rawConn(inner) // nil is counted as unread
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		c.live = map[*conn]struct{}{}
	}
	c.live[x] = struct{}{}
	return x
}

// Read returns the sum until now.
func (c *Counter) Read() Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.closed
	for x := range c.live {
		sum = sum.plus(x.count())
	}
	return sum
}

// A conn is counted. It passes on what a TCP connection can do beside net.Conn.
type conn struct {
	net.Conn
	counter *Counter
	raw     syscall.RawConn
}

func (x *conn) count() Count {
	c := Count{Connections: 1}
	if x.raw == nil || read(x.raw, &c) != nil {
		return Count{Connections: 1, Unread: 1}
	}
	return c
}

// Close reads the count and closes the connection.
func (x *conn) Close() error {
	x.counter.mu.Lock()
	if _, live := x.counter.live[x]; live {
		x.counter.closed = x.counter.closed.plus(x.count())
		delete(x.counter.live, x)
	}
	x.counter.mu.Unlock()
	return x.Conn.Close()
}

// NetConn returns the connection beneath.
func (x *conn) NetConn() net.Conn { return x.Conn }

// SyscallConn implements syscall.Conn.
func (x *conn) SyscallConn() (syscall.RawConn, error) {
	if x.raw == nil {
		return nil, errors.ErrUnsupported
	}
	return x.raw, nil
}

// CloseWrite ends what this side says.
func (x *conn) CloseWrite() error {
	if w, ok := x.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetLinger says what Close does with data that is not yet sent, as net.TCPConn has it.
func (x *conn) SetLinger(seconds int) error {
	if l, ok := x.Conn.(interface{ SetLinger(int) error }); ok {
		return l.SetLinger(seconds)
	}
	return errors.ErrUnsupported
}

func rawConn(c net.Conn) (syscall.RawConn, error) {
	for {
		switch x := c.(type) {
		case syscall.Conn:
			return x.SyscallConn()
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return nil, errors.ErrUnsupported
		}
	}
}
