package carrier

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// A Cut breaks the connections of a server or client on purpose, below TLS. Its zero value breaks
// nothing. One Cut may serve several servers and clients; its methods may be called at any time.
type Cut struct {
	conns set[*faulty]

	mu      sync.Mutex
	refuse  time.Time     // no new connection before
	armed   bool          // a cut after left bytes is to come
	left    int64         // bytes until then
	stalled chan struct{} // closed by Resume; nil when reads are not stalled
	slice   int           // most bytes of one read; 0 is any number
	merge   time.Duration // each read waits so long for more to gather
}

// Now ends every live connection with a reset (RST), as the death of a machine or a middlebox does,
// and returns how many there were.
func (c *Cut) Now() int { return c.each((*faulty).reset) }

// HangUp ends every live connection in good order (FIN), in the middle of whatever it carries, and
// returns how many there were.
func (c *Cut) HangUp() int { return c.each((*faulty).hangUp) }

func (c *Cut) each(end func(*faulty)) int {
	live := c.conns.all()
	for _, f := range live {
		end(f)
	}
	return len(live)
}

// After resets the connection that carries the n-th byte from now, counted both ways over all
// connections. It does so once; n ≤ 0 calls it off.
func (c *Cut) After(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.left = n > 0, n
}

// Refuse refuses new connections for d from now: dials fail, accepted ones are reset at once.
func (c *Cut) Refuse(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = time.Now().Add(d)
}

// Stall stops all reads, so that the peer's bytes pile up, until Resume. Deadlines and Close still end
// a stalled read.
func (c *Cut) Stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled == nil {
		c.stalled = make(chan struct{})
	}
}

// Resume lets reads go on.
func (c *Cut) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled != nil {
		close(c.stalled)
		c.stalled = nil
	}
}

// Slice limits each read to n bytes: boundaries mean nothing (RFC 6202, section 3.2). 0 ends it.
func (c *Cut) Slice(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slice = n
}

// Merge delays each read by d, so that what was written apart is read together. 0 ends it.
func (c *Cut) Merge(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.merge = d
}

// admit tells whether a new connection may be made now.
func (c *Cut) admit() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.refuse) {
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return nil
}

// wrap puts a connection under the Cut, or resets it when none may be made now.
func (c *Cut) wrap(inner net.Conn) (net.Conn, error) {
	f := &faulty{Conn: inner, cut: c, closed: make(chan struct{}), changed: make(chan struct{})}
	if err := c.admit(); err != nil {
		f.reset()
		return nil, err
	}
	c.conns.add(f)
	return f, nil
}

// readPlan is how the next read is to go.
func (c *Cut) readPlan() (stalled chan struct{}, slice int, merge time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stalled, c.slice, c.merge
}

// allow tells how many of n bytes may pass before the cut.
func (c *Cut) allow(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed && c.left < int64(n) {
		return int(c.left)
	}
	return n
}

// passed counts n bytes and tells whether the connection is to be cut behind them.
func (c *Cut) passed(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed {
		return false
	}
	if c.left -= int64(n); c.left > 0 {
		return false
	}
	c.armed = false
	return true
}
