package engineio

import (
	"io"
	"sync"
	"syscall"
	"time"
)

// A wsReader is the reading half of a wsConn, used by one goroutine at a time. Between messages it holds no buffer: it waits
// for the descriptor and then borrows one.
type wsReader struct {
	raw     syscall.RawConn // nil: there is no descriptor
	try     func(fd uintptr) bool
	tried   error   // what try met
	pending []byte  // read and not used yet
	buf     *[]byte // what pending is a part of, borrowed
	few     [16]byte

	timed    bool      // the message that has begun has a deadline
	controls time.Time // when the pings so far are paid off at the permitted rate
	woken    time.Time // when await last returned
	wakes    int

	leaving struct { // the close frame is sent: the deadline stays as it is
		sync.Mutex
		now bool
	}
}

// startReading takes what net/http has read already.
func (c *wsConn) startReading(early []byte) {
	c.in.pending = early
	if c.in.raw = rawConn(c.conn); c.in.raw != nil {
		c.in.try = c.tryRead
	}
}

// await waits for the next bytes of the client. It is called from the top of a goroutine, so that a waiting connection takes
// the smallest stack. Its errors are met again by the next Read.
func (c *wsConn) await() {
	in := &c.in
	if c.ready() {
		return
	}
	if in.raw == nil {
		n, err := c.conn.Read(in.few[:])
		in.pending, in.tried = in.few[:n], err
	} else if err := in.raw.Read(in.try); err != nil {
		in.tried = err
	}
}

// ready reports whether there is something to do without waiting.
func (c *wsConn) ready() bool {
	return len(c.in.pending) > 0 || c.in.tried != nil
}

func (c *wsConn) tryRead(fd uintptr) bool {
	in := &c.in
	c.borrow()
	n, err, done := readNow(fd, *in.buf)
	if !done {
		c.giveBack()
		return false
	}
	in.pending, in.tried = (*in.buf)[:n], err
	return true
}

func (c *wsConn) borrow() {
	if c.in.buf != nil {
		return
	}
	if c.in.buf, _ = c.server.pools.readers.Get().(*[]byte); c.in.buf == nil {
		b := make([]byte, readBuffer)
		c.in.buf = &b
	}
}

func (c *wsConn) giveBack() {
	if c.in.buf != nil && len(c.in.pending) == 0 {
		c.server.pools.readers.Put(c.in.buf)
		c.in.buf, c.in.pending = nil, nil
	}
}

// quiet reports whether the connection has little to read, so that a goroutine with a fresh stack should go on waiting.
func (c *wsConn) quiet() bool {
	before := c.in.woken
	c.in.woken = time.Now()
	c.in.wakes++
	return c.in.wakes <= 2 || c.in.woken.Sub(before) > time.Second
}

// need reads until at least n bytes are pending; n is that of a header or a control frame at most.
func (c *wsConn) need(n int) error {
	in := &c.in
	for len(in.pending) < n {
		c.borrow()
		have := copy(*in.buf, in.pending)
		got, err := c.readInto((*in.buf)[have:])
		in.pending = (*in.buf)[:have+got]
		if err != nil {
			return err
		}
	}
	return nil
}

// readInto reads the next part of a message that has begun, for which the client has MessageTimeout. It returns either bytes
// or an error. The end of the stream without a close frame is never a good one.
func (c *wsConn) readInto(p []byte) (n int, err error) {
	in := &c.in
	if err, in.tried = in.tried, nil; err == nil && !in.timed {
		in.timed = true
		err = c.readBefore(time.Now().Add(c.server.opts.MessageTimeout))
	}
	if err == nil {
		n, err = c.conn.Read(p)
	}
	if n > 0 {
		in.tried, err = err, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// untimed takes the deadline of a message back.
func (c *wsConn) untimed() error {
	if !c.in.timed {
		return nil
	}
	c.in.timed = false
	return c.readBefore(time.Time{})
}

// readBefore sets the deadline of reading, unless the last one is set.
func (c *wsConn) readBefore(t time.Time) error {
	c.in.leaving.Lock()
	defer c.in.leaving.Unlock()
	if c.in.leaving.now {
		return nil
	}
	return c.conn.SetReadDeadline(t)
}

// leave sets the last deadline of reading.
func (c *wsConn) leave() error {
	c.in.leaving.Lock()
	defer c.in.leaving.Unlock()
	if c.in.leaving.now {
		return nil
	}
	c.in.leaving.now = true
	return c.conn.SetReadDeadline(time.Now().Add(closeLinger))
}
