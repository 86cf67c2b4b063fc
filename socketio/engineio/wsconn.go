package engineio

import (
	"bufio"
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
	readBuffer  = 4096     // borrowed while there is something to read
	writeChunk  = 64 << 10 // what Options.WriteTimeout is given for
	coalesce    = 32 << 10 // small frames are gathered up to this size
	closeLinger = 2 * time.Second
	// The largest frame that coder/websocket writes here: a control frame of 125 bytes and its header, in one Write.
	controlFrame = 136
	// What pings a client may send: a burst, and a rate in the long run.
	pingBurst    = 100
	pingInterval = 100 * time.Millisecond
)

// pools are the buffers that WebSocket connections borrow.
type pools struct{ readers, gather, messages sync.Pool }

// A wsConn is a WebSocket below a session. coder/websocket reads from it and answers control frames; data frames are
// written past it, because they are built once for all receivers and many leave in one system call. Both ways of writing
// meet in Write's lock, so that frames never mix.
type wsConn struct {
	net.Conn
	server *Server
	conn   *websocket.Conn

	mu        sync.Mutex // guards writing
	closeSent bool
	deadline  time.Time // of writing, renewed when half of it has passed

	in wsReader
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
	var early []byte
	if n := rw.Reader.Buffered(); n > 0 {
		peeked, _ := rw.Reader.Peek(n) // it is there
		early = append(early, peeked...)
	}
	if err := rw.Writer.Flush(); err != nil {
		return nil, nil, err
	}
	c := h.c
	c.Conn = conn
	c.startReading(conn, early)
	return c, bufio.NewReadWriter(c.in.br, bufio.NewWriterSize(c, controlFrame)), nil
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
