package engineio

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// A wsReader is the reading half of a wsConn, used by one goroutine at a time. Between messages it holds no buffer: it waits
// for the descriptor and then borrows one.
type wsReader struct {
	br      *bufio.Reader   // coder/websocket's, of the smallest size
	raw     syscall.RawConn // nil: there is no descriptor
	try     func(fd uintptr) bool
	tried   error   // what try met
	pending []byte  // read and not used yet
	buf     *[]byte // what pending is a part of, borrowed
	few     [16]byte

	inMessage bool      // a message has begun
	timed     bool      // it has a deadline
	budget    int       // bytes its frames may take, headers and control frames included
	pings     time.Time // when the pings so far are paid off at the permitted rate
	woken     time.Time // when await last returned
	wakes     int

	leaving struct { // the close frame is sent: the deadline stays as it is
		sync.Mutex
		now bool
	}
}

// startReading takes what net/http has read already.
func (c *wsConn) startReading(conn net.Conn, early []byte) {
	c.in.pending = early
	c.in.br = bufio.NewReaderSize(c, 16)
	if c.in.raw = rawConn(conn); c.in.raw != nil {
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
		n, err := c.Conn.Read(in.few[:])
		in.pending, in.tried = in.few[:n], err
	} else if err := in.raw.Read(in.try); err != nil {
		in.tried = err
	}
}

// ready reports whether there is something to do without waiting.
func (c *wsConn) ready() bool {
	return len(c.in.pending) > 0 || c.in.tried != nil || c.in.br.Buffered() > 0
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

var errFragments = errors.New("message has too many fragments or control frames inside")

// Read implements net.Conn for coder/websocket. An end of the stream without a close frame is never a good end: as a plain
// io.EOF it would complete a message that was cut.
func (c *wsConn) Read(p []byte) (int, error) {
	in := &c.in
	if len(in.pending) == 0 {
		n, err := c.fill(p)
		if n > 0 || err != nil {
			return n, err
		}
	}
	n := copy(p, in.pending)
	in.pending = in.pending[n:]
	return n, nil
}

// fill reads into the buffer, or into p when that is no smaller, and then returns how much.
func (c *wsConn) fill(p []byte) (direct int, err error) {
	in := &c.in
	if err, in.tried = in.tried, nil; err == nil && in.inMessage && !in.timed { // the message is not here as a whole
		in.timed = true
		err = c.readBefore(time.Now().Add(c.server.opts.MessageTimeout))
	}
	if err == nil && in.inMessage && in.budget <= 0 {
		err = errFragments
	}
	n := 0
	if err == nil {
		if direct = len(p); direct < readBuffer {
			c.borrow()
			n, err = c.Conn.Read(*in.buf)
			in.pending, direct = (*in.buf)[:n], 0
		} else {
			n, err = c.Conn.Read(p)
			direct = n
		}
	}
	in.budget -= n
	if n > 0 {
		in.tried, err = err, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return direct, err
}

// next reads one message. The data is the caller's.
func (c *wsConn) next() (data []byte, isBinary bool, err error) {
	typ, r, err := c.conn.Reader(context.Background())
	if err != nil {
		return nil, false, err
	}
	c.in.inMessage = true
	// A fragment of one byte has a header of six: this leaves room for reasonable fragments and pings between them.
	c.in.budget = int(2*c.server.opts.MaxPayload) + 4096
	buf, _ := c.server.pools.messages.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
		*buf = make([]byte, 4096)
	}
	n := 0
	for err == nil {
		if n == len(*buf) {
			*buf = append(*buf, make([]byte, len(*buf))...)
		}
		var m int
		m, err = r.Read((*buf)[n:])
		n += m
	}
	c.in.inMessage = false
	if err == io.EOF {
		err = nil
		data = append(make([]byte, 0, n), (*buf)[:n]...)
	}
	if len(*buf) <= 64<<10 {
		c.server.pools.messages.Put(buf)
	}
	if c.in.timed {
		c.in.timed = false
		if deadlineErr := c.readBefore(time.Time{}); err == nil {
			err = deadlineErr
		}
	}
	return data, typ == websocket.MessageBinary, err
}

// allowPing bounds the rate of pings, each of which costs an answer.
func (c *wsConn) allowPing(context.Context, []byte) bool {
	now := time.Now()
	if c.in.pings.Before(now) {
		c.in.pings = now
	}
	c.in.pings = c.in.pings.Add(pingInterval)
	if c.in.pings.Sub(now) > pingBurst*pingInterval {
		c.cut(closePolicy, "too many pings")
		return false
	}
	return true
}

// readBefore sets the deadline of reading, unless the last one is set.
func (c *wsConn) readBefore(t time.Time) error {
	c.in.leaving.Lock()
	defer c.in.leaving.Unlock()
	if c.in.leaving.now {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// leave sets the last deadline of reading.
func (c *wsConn) leave() error {
	c.in.leaving.Lock()
	defer c.in.leaving.Unlock()
	if c.in.leaving.now {
		return nil
	}
	c.in.leaving.now = true
	return c.Conn.SetReadDeadline(time.Now().Add(closeLinger))
}
