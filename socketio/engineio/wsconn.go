package engineio

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	readBuffer  = 4096     // borrowed while there is something to read
	writeChunk  = 64 << 10 // what Options.WriteTimeout is given for
	coalesce    = 32 << 10 // small frames are gathered up to this size
	closeLinger = 2 * time.Second
	// A message that was gathered from more than this leaves no buffer behind.
	maxPooledMessage = 64 << 10
)

// pools are the buffers that WebSocket connections borrow.
type pools struct{ readers, gather, messages, deflaters, inflaters sync.Pool }

// message returns an empty buffer for a message.
func (p *pools) message() *[]byte {
	if buf, _ := p.messages.Get().(*[]byte); buf != nil {
		*buf = (*buf)[:0]
		return buf
	}
	b := make([]byte, 0, readBuffer)
	return &b
}

// A wsConn is the server's end of a WebSocket (RFC 6455) below a session, made for connections that are mostly idle. One
// goroutine reads; frames to send are built once for all receivers, and many leave in one system call.
type wsConn struct {
	conn    net.Conn
	server  *Server
	deflate bool     // messages may be compressed
	old     *dialect // nil: the client speaks version 4

	mu        sync.Mutex // guards writing
	closeSent bool       // nothing may follow
	deadline  time.Time  // of writing, renewed when half of it has passed

	in wsReader
}

// write writes p in chunks, each with WriteTimeout or at least half of it. c.mu is held.
func (c *wsConn) write(p []byte) error {
	for len(p) > 0 {
		timeout := c.server.opts.WriteTimeout
		if now := time.Now(); c.deadline.Sub(now) < timeout/2 {
			c.deadline = now.Add(timeout)
			if err := c.conn.SetWriteDeadline(c.deadline); err != nil {
				return err
			}
		}
		n, err := c.conn.Write(p[:min(len(p), writeChunk)])
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
		size += m.Size()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeSent {
		return size, net.ErrClosed
	}
	if len(batch) == 1 {
		return size, c.write(c.frame(batch[0]))
	}
	buf, _ := c.server.pools.gather.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
		*buf = make([]byte, 0, coalesce)
	}
	defer c.server.pools.gather.Put(buf)
	out := (*buf)[:0]
	for _, m := range batch {
		frame := c.frame(m)
		if len(out)+len(frame) > coalesce {
			if err := c.write(out); err != nil {
				return size, err
			}
			out = out[:0]
		}
		if len(frame) > coalesce {
			if err := c.write(frame); err != nil {
				return size, err
			}
			continue
		}
		out = append(out, frame...)
	}
	return size, c.write(out)
}

// frame returns a message in the form that this client wants.
func (c *wsConn) frame(m *Message) []byte {
	if c.old != nil && m.binary {
		return c.old.frame(m)
	}
	if o := c.server.opts.PerMessageDeflate; c.deflate && !m.plain && len(m.frame)-m.body >= o.Threshold {
		return m.compressed(&c.server.pools)
	}
	return m.frame
}

// writeControl writes a control frame.
func (c *wsConn) writeControl(op byte, p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeSent {
		return nil
	}
	return c.write(append(append(make([]byte, 0, 2+len(p)), bitFinal|op, byte(len(p))), p...))
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
		_ = c.conn.Close() // the reading goroutine sees it
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
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.conn, 2*c.server.opts.MaxPayload) // ends at the deadline at the latest
}

// cut closes the connection now. The close frame goes out only if there is room for it.
func (c *wsConn) cut(code int, reason string) {
	if c.mu.TryLock() {
		if !c.closeSent {
			c.closeSent = true
			if c.conn.SetWriteDeadline(time.Now().Add(5*time.Millisecond)) == nil {
				_, _ = c.conn.Write(closeFrame(code, reason)) // best effort
			}
		}
		c.mu.Unlock()
	}
	_ = c.conn.Close() // the reading goroutine sees it
}

// closeFrame builds a close frame. Code 0 is none.
func closeFrame(code int, reason string) []byte {
	if code == 0 {
		return []byte{frameClose, 0}
	}
	frame := append(make([]byte, 0, 4+len(reason)), frameClose, byte(2+len(reason)))
	return append(binary.BigEndian.AppendUint16(frame, uint16(code)), reason...)
}

// readReason tells from an error of reading why the connection ended.
func readReason(err error) (Reason, error) {
	var closed *peerClose
	switch {
	case errors.As(err, &closed), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return ReasonTransportClose, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ReasonTransportError, errors.Join(errors.New("message did not arrive in time"), err)
	}
	return ReasonTransportError, err
}
