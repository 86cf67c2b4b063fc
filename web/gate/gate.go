// Package gate stands between a page and the nodes: a TCP listener that passes connections on to one
// server or another, counts their bytes by what they are for, keeps a record of what was said, and on
// request makes the way slow, narrow, silent or broken.
//
// It reads HTTP/1.1 and what the lab's transports carry in it; what it does not understand it passes on
// all the same, and counts as other. A delay here is one of the application's bytes: TCP's own handshake,
// slow start and loss recovery stay those of loopback.
package gate

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options say where a gate stands. The zero value of a field is its default.
type Options struct {
	Addr     string                              // to listen on; 127.0.0.1:0, which picks a port
	Target   func() (addr, name string, ok bool) // the server for the next connection; must be set
	MaxConns int                                 // at once; 64: one more is reset
	Dial     func(addr string) (net.Conn, error) // instead of TCP
	Logger   *slog.Logger                        // slog.Default
	Now      func() time.Time                    // time.Now
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 64
	}
	if o.Dial == nil {
		o.Dial = func(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, 2*time.Second) }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// A Gate is open from Listen to Close. Its methods may be called at any time.
type Gate struct {
	o        Options
	listener net.Listener
	faults   faults
	up, down link
	record   record
	work     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
	serial atomic.Int64
}

// Listen opens a gate.
func Listen(o Options) (*Gate, error) {
	g := newGate(o)
	var err error
	if g.listener, err = net.Listen("tcp", g.o.Addr); err != nil {
		return nil, err
	}
	g.work.Go(g.accept) // ends with the listener
	return g, nil
}

// newGate returns a gate without a listener.
func newGate(o Options) *Gate {
	g := &Gate{o: o.withDefaults(), conns: map[*conn]struct{}{}}
	g.faults.changed = make(chan struct{})
	return g
}

// URL is where the gate listens, as an origin: http://127.0.0.1:40000.
func (g *Gate) URL() string { return "http://" + g.listener.Addr().String() }

func (g *Gate) accept() {
	for {
		client, err := g.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			g.o.Logger.Warn("gate: accept", "error", err)
			time.Sleep(50 * time.Millisecond) // out of descriptors: some may come back
			continue
		}
		g.enter(client)
	}
}

// enter begins to serve a connection.
func (g *Gate) enter(client net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.conns) >= g.o.MaxConns {
		reset(client)
		return
	}
	c := newConn(g, g.serial.Add(1), client)
	g.conns[c] = struct{}{}
	g.work.Go(func() { // ends with the connection, which Close ends
		c.serve()
		g.mu.Lock()
		delete(g.conns, c)
		g.mu.Unlock()
	})
}

// Cut ends every connection with a reset, as a middlebox does that has lost its state, and returns how
// many there were.
func (g *Gate) Cut() int {
	return g.cut(func(*conn) bool { return true })
}

func (g *Gate) cut(which func(*conn) bool) int { return g.each(which, (*conn).reset) }

// each does something with all connections of a kind.
func (g *Gate) each(which func(*conn) bool, do func(*conn)) int {
	g.mu.Lock()
	var list []*conn
	for c := range g.conns {
		if which(c) {
			list = append(list, c)
		}
	}
	g.mu.Unlock()
	for _, c := range list {
		do(c)
	}
	return len(list)
}

// Set replaces the gate's fault. It is in force at once, also for what is on its way. Blocking WebSockets
// ends those that are open, as a firewall does whose rules change.
func (g *Gate) Set(f Fault) error {
	if err := f.Check(); err != nil {
		return err
	}
	g.faults.set(f)
	if f.BlockWebSocket {
		g.cut(func(c *conn) bool { return c.tap.isUpgraded() })
	}
	if !f.Buffer {
		g.each(func(*conn) bool { return true }, (*conn).release)
	}
	return nil
}

// Fault is the one in force.
func (g *Gate) Fault() Fault {
	f, _ := g.faults.get()
	return f
}

// Live is the number of connections, and the server that the next one goes to, "" when there is none.
func (g *Gate) Live() (live int, target string) {
	g.mu.Lock()
	live = len(g.conns)
	g.mu.Unlock()
	_, target, _ = g.o.Target()
	return live, target
}

// Counts are all bytes until now, of open connections too.
func (g *Gate) Counts() Counts { return g.record.total() }

// Entries returns at most limit entries of the record after the one numbered so, oldest first, and how
// many more there were: those are left out for good, the oldest of them first.
func (g *Gate) Entries(after uint64, limit int) (entries []Entry, skipped uint64) {
	return g.record.entries(after, limit)
}

// Clear forgets counts and record.
func (g *Gate) Clear() { g.record.clear() }

// Close ends all connections and waits for them.
func (g *Gate) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	var err error
	if g.listener != nil {
		err = g.listener.Close()
	}
	g.Cut()
	g.work.Wait()
	return err
}

// reset closes a connection with an RST.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is closed in either case
	}
	c.Close()
}

// connect reaches the server for a connection, another one when the first is gone.
func (g *Gate) connect(ctx context.Context) (net.Conn, string, error) {
	var last error
	for range 2 {
		addr, name, ok := g.o.Target()
		if !ok {
			return nil, "", errors.New("gate: no server is up")
		}
		c, err := g.o.Dial(addr)
		if err == nil {
			return c, name, nil
		}
		if last = err; ctx.Err() != nil {
			break
		}
	}
	return nil, "", last
}
