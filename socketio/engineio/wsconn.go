package engineio

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	readBuffer  = 1024     // an idle connection holds one
	writeChunk  = 64 << 10 // what Options.WriteTimeout is given for
	coalesce    = 32 << 10 // small frames are gathered up to this size
	closeLinger = 2 * time.Second
	// What pings a client may send: a burst, and a rate in the long run.
	pingBurst    = 100
	pingInterval = 100 * time.Millisecond
)

// pools are the buffers that WebSocket connections borrow.
type pools struct{ readers, writers, gather, messages sync.Pool }

// A wsConn is a WebSocket below a session. coder/websocket reads from it and answers control frames; data frames are
// written past it, because they are built once for all receivers and many leave in one system call. Both ways of writing
// meet in Write's lock, so that frames never mix.
type wsConn struct {
	net.Conn
	server *Server
	conn   *websocket.Conn
	br     *bufio.Reader
	bw     *bufio.Writer

	mu        sync.Mutex // guards writing
	closeSent bool
	deadline  time.Time // of writing, renewed when half of it has passed

	// Of the reading goroutine alone:
	early     []byte    // what net/http had read already
	inMessage bool      // a message has begun
	timed     bool      // it has a deadline
	budget    int64     // bytes its frames may take, headers and control frames included
	pings     time.Time // when the pings so far are paid off at the permitted rate

	leaving struct { // the close frame is sent: the deadline of reading stays as it is
		sync.Mutex
		now bool
	}
}

// accept answers the opening handshake. On failure the client has been answered.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) (*wsConn, error) {
	c := &wsConn{server: s}
	conn, err := websocket.Accept(hijacker{w, c}, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // Options.CheckOrigin decides
		OnPingReceived:     c.allowPing,
	})
	if err != nil {
		if c.Conn != nil {
			_ = c.Conn.Close() // it is lost anyway
			c.release()
		}
		return nil, err
	}
	c.conn = conn
	conn.SetReadLimit(s.opts.MaxPayload)
	return c, nil
}

// A hijacker gives coder/websocket small pooled buffers and the guarded connection. Those of net/http, 8 KiB together, go.
type hijacker struct {
	http.ResponseWriter
	c *wsConn
}

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil { // those of http.Server end here
		return nil, nil, err
	}
	if n := rw.Reader.Buffered(); n > 0 {
		early, _ := rw.Reader.Peek(n) // it is there
		h.c.early = append([]byte(nil), early...)
	}
	if err := rw.Writer.Flush(); err != nil {
		return nil, nil, err
	}
	c, p := h.c, &h.c.server.pools
	c.Conn = conn
	if br, ok := p.readers.Get().(*bufio.Reader); ok {
		br.Reset(c)
		c.br = br
	} else {
		c.br = bufio.NewReaderSize(c, readBuffer)
	}
	if bw, ok := p.writers.Get().(*bufio.Writer); ok {
		bw.Reset(c)
		c.bw = bw
	} else {
		c.bw = bufio.NewWriterSize(c, 256) // a control frame and nothing else
	}
	return c, bufio.NewReadWriter(c.br, c.bw), nil
}

// release gives the buffers back. Nobody may read or answer control frames any more.
func (c *wsConn) release() {
	c.br.Reset(nil)
	c.bw.Reset(nil)
	c.server.pools.readers.Put(c.br)
	c.server.pools.writers.Put(c.bw)
}

var errFragments = errors.New("message has too many fragments or control frames inside")

// Read implements net.Conn for coder/websocket. An end of the stream without a close frame is never a good end: as a plain
// io.EOF it would complete a message that was cut.
func (c *wsConn) Read(p []byte) (int, error) {
	if c.inMessage {
		if !c.timed { // the message is not here as a whole
			c.timed = true
			if err := c.readBefore(time.Now().Add(c.server.opts.MessageTimeout)); err != nil {
				return 0, err
			}
		}
		if c.budget <= 0 {
			return 0, errFragments
		}
	}
	if len(c.early) > 0 {
		n := copy(p, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil
		}
		return n, nil
	}
	n, err := c.Conn.Read(p)
	c.budget -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next reads one message. The data is the caller's.
func (c *wsConn) next() (data []byte, isBinary bool, err error) {
	typ, r, err := c.conn.Reader(context.Background())
	if err != nil {
		return nil, false, err
	}
	c.inMessage = true
	// A fragment of one byte has a header of six: this leaves room for reasonable fragments and pings between them.
	c.budget = 2*c.server.opts.MaxPayload + 4096
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
	c.inMessage = false
	if err == io.EOF {
		err = nil
		data = append(make([]byte, 0, n), (*buf)[:n]...)
	}
	if len(*buf) <= 64<<10 {
		c.server.pools.messages.Put(buf)
	}
	if c.timed {
		c.timed = false
		if deadlineErr := c.readBefore(time.Time{}); err == nil {
			err = deadlineErr
		}
	}
	return data, typ == websocket.MessageBinary, err
}

// allowPing bounds the rate of pings, each of which costs an answer.
func (c *wsConn) allowPing(context.Context, []byte) bool {
	now := time.Now()
	if c.pings.Before(now) {
		c.pings = now
	}
	c.pings = c.pings.Add(pingInterval)
	if c.pings.Sub(now) > pingBurst*pingInterval {
		c.cut(closePolicy, "too many pings")
		return false
	}
	return true
}

// Write implements net.Conn for the control frames of coder/websocket. After a close frame nothing more is written.
func (c *wsConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeSent {
		return len(p), nil
	}
	c.closeSent = len(p) > 0 && p[0] == frameClose
	return len(p), c.write(p)
}

// write writes p in chunks, each with WriteTimeout or at least half of it. c.mu is held.
func (c *wsConn) write(p []byte) error {
	for len(p) > 0 {
		timeout := c.server.opts.WriteTimeout
		if now := time.Now(); c.deadline.Sub(now) < timeout/2 {
			c.deadline = now.Add(timeout)
			if err := c.Conn.SetWriteDeadline(c.deadline); err != nil {
				return err
			}
		}
		n, err := c.Conn.Write(p[:min(len(p), writeChunk)])
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// writeBatch writes frames with as few system calls as possible, and returns their size.
func (c *wsConn) writeBatch(batch []*Message) (size int, err error) {
	for _, m := range batch {
		size += len(m.frame)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeSent {
		return size, net.ErrClosed
	}
	if len(batch) == 1 {
		return size, c.write(batch[0].frame)
	}
	buf, _ := c.server.pools.gather.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
		*buf = make([]byte, 0, coalesce)
	}
	defer c.server.pools.gather.Put(buf)
	out := (*buf)[:0]
	for _, m := range batch {
		if len(out)+len(m.frame) > coalesce {
			if err := c.write(out); err != nil {
				return size, err
			}
			out = out[:0]
		}
		if len(m.frame) > coalesce {
			if err := c.write(m.frame); err != nil {
				return size, err
			}
			continue
		}
		out = append(out, m.frame...)
	}
	return size, c.write(out)
}

// goodbye sends a close frame and gives the client closeLinger to answer it; the reading goroutine then closes.
func (c *wsConn) goodbye(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeSent {
		return
	}
	c.closeSent = true
	err := c.write(closeFrame(code, reason))
	if err == nil {
		err = c.leave()
	}
	if err != nil {
		_ = c.Conn.Close() // the reading goroutine sees it
	}
}

// readBefore sets the deadline of reading, unless the last one is set.
func (c *wsConn) readBefore(t time.Time) error {
	c.leaving.Lock()
	defer c.leaving.Unlock()
	if c.leaving.now {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// leave sets the last deadline of reading.
func (c *wsConn) leave() error {
	c.leaving.Lock()
	defer c.leaving.Unlock()
	if c.leaving.now {
		return nil
	}
	c.leaving.now = true
	return c.Conn.SetReadDeadline(time.Now().Add(closeLinger))
}

// linger reads on after an error that the client was told of in a close frame: closing with unread data in the socket would
// reset the connection and lose the frame.
func (c *wsConn) linger() {
	c.mu.Lock()
	told := c.closeSent
	c.mu.Unlock()
	if !told || c.leave() != nil {
		return
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.Conn, 2*c.server.opts.MaxPayload) // ends at the deadline at the latest
}

// discard closes a connection that nobody reads.
func (c *wsConn) discard(code int) {
	c.cut(code, "")
	_ = c.conn.CloseNow() // it is closed
	c.release()
}

// cut closes the connection now. The close frame goes out only if there is room for it.
func (c *wsConn) cut(code int, reason string) {
	if c.mu.TryLock() {
		if !c.closeSent {
			c.closeSent = true
			if c.Conn.SetWriteDeadline(time.Now().Add(5*time.Millisecond)) == nil {
				_, _ = c.Conn.Write(closeFrame(code, reason)) // best effort
			}
		}
		c.mu.Unlock()
	}
	_ = c.Conn.Close() // the reading goroutine sees it
}

func closeFrame(code int, reason string) []byte {
	frame := append(make([]byte, 0, 4+len(reason)), frameClose, byte(2+len(reason)))
	return append(binary.BigEndian.AppendUint16(frame, uint16(code)), reason...)
}

// readReason tells from an error of reading why the connection ended.
func readReason(err error) (Reason, error) {
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return ReasonTransportClose, err
	case errors.Is(err, websocket.ErrMessageTooBig):
		return ReasonTransportError, errors.Join(ErrPayloadTooLarge, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ReasonTransportError, errors.Join(errors.New("message did not arrive in time"), err)
	}
	return ReasonTransportError, err
}
