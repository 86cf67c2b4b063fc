package carrier

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A faulty is a connection under a Cut.
type faulty struct {
	net.Conn
	cut    *Cut
	once   sync.Once
	closed chan struct{} // by this side, or by the cut

	mu       sync.Mutex
	wasReset bool
	deadline time.Time     // of reads: a stalled read keeps it too
	changed  chan struct{} // closed and replaced with each new deadline
}

// NetConn returns the connection beneath.
func (f *faulty) NetConn() net.Conn { return f.Conn }

// CloseWrite passes on.
func (f *faulty) CloseWrite() error {
	if w, ok := f.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// reset ends the connection with an RST. Both ends then see a reset, this one too.
func (f *faulty) reset() {
	f.mu.Lock()
	f.wasReset = true
	f.mu.Unlock()
	if tcp, ok := f.Conn.(interface{ SetLinger(int) error }); ok {
		tcp.SetLinger(0)
	}
	f.Close()
}

func (f *faulty) hangUp() { f.Close() }

func (f *faulty) Close() error {
	err := net.ErrClosed
	f.once.Do(func() {
		f.cut.conns.remove(f)
		close(f.closed)
		err = f.Conn.Close()
	})
	return err
}

// explain gives the error that a peer's reset would have given.
func (f *faulty) explain(op string, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && f.wasReset {
		return &net.OpError{Op: op, Net: "tcp", Source: f.LocalAddr(), Addr: f.RemoteAddr(), Err: syscall.ECONNRESET}
	}
	return err
}

func (f *faulty) Read(p []byte) (int, error) {
	stalled, slice, merge := f.cut.readPlan()
	if stalled != nil {
		if err := f.wait(stalled); err != nil {
			return 0, f.explain("read", err)
		}
		return f.Read(p)
	}
	if merge > 0 {
		t := time.NewTimer(merge)
		defer t.Stop()
		select {
		case <-t.C:
		case <-f.closed:
		}
	}
	if slice > 0 && len(p) > slice {
		p = p[:slice]
	}
	n, err := f.Conn.Read(p[:f.cut.allow(len(p))])
	if stalled, _, _ := f.cut.readPlan(); stalled != nil && n > 0 {
		f.wait(stalled) // it was reading when the stall began; what it has it keeps
	}
	if f.cut.passed(n) {
		f.reset()
	}
	return n, f.explain("read", err)
}

func (f *faulty) Write(p []byte) (int, error) {
	n, err := f.Conn.Write(p[:f.cut.allow(len(p))])
	if f.cut.passed(n) {
		f.reset()
		if n < len(p) {
			err = net.ErrClosed
		}
	}
	return n, f.explain("write", err)
}

// wait returns nil when the stall is over, or the error that ends a stalled read.
func (f *faulty) wait(stalled chan struct{}) error {
	for {
		f.mu.Lock()
		deadline, changed := f.deadline, f.changed
		f.mu.Unlock()
		var late <-chan time.Time
		if !deadline.IsZero() {
			t := time.NewTimer(time.Until(deadline))
			defer t.Stop()
			late = t.C
		}
		select {
		case <-stalled:
			return nil
		case <-f.closed:
			return net.ErrClosed
		case <-late:
			return &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
		case <-changed:
		}
	}
}

func (f *faulty) SetReadDeadline(t time.Time) error {
	f.mu.Lock()
	f.deadline = t
	close(f.changed)
	f.changed = make(chan struct{})
	f.mu.Unlock()
	return f.Conn.SetReadDeadline(t)
}

func (f *faulty) SetDeadline(t time.Time) error {
	if err := f.SetReadDeadline(t); err != nil {
		return err
	}
	return f.Conn.SetWriteDeadline(t)
}
