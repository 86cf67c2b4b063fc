package carrier

import (
	"net"
	"sync"
	"time"
)

// A readDeadline keeps the deadline of reads until there is a Read that may wait for it. net/http sets
// five for each request (idle, headers, body, and the end of each), nearly all of which are over before
// anybody reads from the connection again, and each costs a change of the runtime's timers.
type readDeadline struct {
	mu      sync.Mutex
	asked   time.Time // what the owner asked for
	set     time.Time // what the connection beneath knows
	reading bool
}

// want asks for a deadline: of the Read under way, or else of the next.
func (d *readDeadline) want(c net.Conn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = t
	if !d.reading {
		return nil
	}
	return d.apply(c)
}

// now sets a deadline at once, for an owner who may go on to read beneath.
func (d *readDeadline) now(c net.Conn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked, d.set = t, t
	return c.SetReadDeadline(t)
}

// begin is called before a Read; end after it, unless begin failed.
func (d *readDeadline) begin(c net.Conn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.apply(c)
	d.reading = err == nil
	return err
}

func (d *readDeadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = false
}

// apply tells the connection beneath; d is locked.
func (d *readDeadline) apply(c net.Conn) error {
	if d.asked == d.set {
		return nil
	}
	d.set = d.asked
	return c.SetReadDeadline(d.set)
}
