package gate

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// halfOpen is how long one direction of a connection may go on when the other has ended.
const halfOpen = 30 * time.Second

// A conn is one connection through a gate.
type conn struct {
	gate   *Gate
	id     int64
	client net.Conn
	tap    *tap
	holder *holder
	done   chan struct{} // closed by reset

	mu       sync.Mutex
	broken   bool // done is closed
	server   net.Conn
	up, down *pipe
	late     *time.Timer // ends what is left of a connection that one side has ended
}

func newConn(g *Gate, id int64, client net.Conn) *conn {
	return &conn{gate: g, id: id, client: client, tap: newTap(&g.record, id), holder: newHolder(), done: make(chan struct{})}
}

// reset ends the connection at once, both ways.
func (c *conn) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return
	}
	c.broken = true
	close(c.done)
	reset(c.client)
	if c.server != nil {
		reset(c.server)
		c.up.stop()
		c.down.stop()
	}
}

// sleepUntil returns false when the connection was reset meanwhile.
func (c *conn) sleepUntil(at time.Time) bool {
	left := at.Sub(c.gate.o.Now())
	if left <= 0 {
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.done:
		return false
	}
}

// serve runs the connection and returns when nothing of it is left.
func (c *conn) serve() {
	began := c.gate.o.Now()
	server, name, err := c.gate.connect(context.Background())
	if err != nil {
		c.tap.open(began, "no server is up")
		c.reset()
		c.tap.close(c.gate.o.Now())
		return
	}
	c.tap.open(began, name)
	up, down := newPipe(c, c.client, server, &c.gate.up), newPipe(c, server, c.client, &c.gate.down)
	fault, _ := c.gate.faults.get()
	up.holdTo = began.Add(3 * fault.delay(0)) // both ways of TCP's handshake, and its own
	if !c.begin(server, up, down) {
		reset(server)
		c.tap.close(c.gate.o.Now())
		return
	}
	var work sync.WaitGroup
	work.Go(func() { up.read(c.takeUp, func() {}) })            // ends with the client's last byte, or reset
	work.Go(func() { down.read(c.takeDown, c.release) })        // ends with the server's last byte, or reset
	work.Go(func() { c.end(up.write(nil), server) })            // ends behind up.read, or with reset
	work.Go(func() { c.end(down.write(c.tap.down), c.client) }) // ends behind down.read, or with reset
	work.Wait()
	if c.late != nil {
		c.late.Stop()
	}
	c.client.Close()
	server.Close()
	c.tap.close(c.gate.o.Now())
}

// begin makes known what reset is to end; false when it has been called already.
func (c *conn) begin(server net.Conn, up, down *pipe) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.up, c.down = server, up, down
	return !c.broken
}

// end is told how a direction ended, and passes it on.
func (c *conn) end(inOrder bool, to net.Conn) {
	if !inOrder {
		c.reset()
		return
	}
	if w, ok := to.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite() // who is gone needs no end
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late == nil {
		c.late = time.AfterFunc(halfOpen, c.reset)
	}
}

// takeUp shows the tap what the client sends. A request is passed on when its head is whole, so that an
// upgrade can be refused in the server's place.
func (c *conn) takeUp(data []byte, at time.Time) error {
	c.holder.up(data, at)
	data, upgrade := c.tap.up(data, at)
	fault, _ := c.gate.faults.get()
	if upgrade && fault.BlockWebSocket {
		c.down.put([]byte(blocked), at)
		c.down.finish(false)
		return io.EOF
	}
	c.up.put(data, at)
	return nil
}

// takeDown passes on what the server sends, but what a buffering proxy would hold back.
func (c *conn) takeDown(data []byte, at time.Time) error {
	fault, _ := c.gate.faults.get()
	c.holder.down(data, at, fault.Buffer, c.down.put)
	return nil
}

// release passes on what was held back.
func (c *conn) release() {
	c.mu.Lock()
	down := c.down
	c.mu.Unlock()
	if down != nil {
		c.holder.release(c.gate.o.Now(), down.put)
	}
}

// blocked answers an upgrade that is not let through.
const blocked = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 41\r\nConnection: close\r\n\r\nA proxy on the way refuses this upgrade.\n"
