package websocket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"transportlab/transports"
)

// messageTime is how long one message may take to arrive once it has begun.
const messageTime = 10 * time.Second

// Buffers of an idle connection: net/http's of 4 KiB each would be kept otherwise. The writer holds
// control frames only, and must hold a whole one, so that each is one Write.
const (
	readBuffer  = 1 << 10
	writeBuffer = 192
)

// A hijacker hands coder/websocket a guarded connection and small buffers.
type hijacker struct {
	http.ResponseWriter
	conn *guard
	buf  *bufio.ReadWriter
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c.SetDeadline(time.Time{})
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	h.conn = &guard{Conn: c, early: bytes.Clone(early), heard: func() {}}
	h.buf = bufio.NewReadWriter(bufio.NewReaderSize(h.conn, readBuffer), bufio.NewWriterSize(h.conn, writeBuffer))
	return h.conn, h.buf, nil
}

// A guard stands between a WebSocket and its connection. The end of the stream is an unexpected one
// unless a close frame came before, so that a message that is cut off never counts as complete.
// coder/websocket's control frames and our batches are written under one lock, whole frames each.
// After a close frame nothing is written; coder's Close leaves the connection to its session.
type guard struct {
	net.Conn
	early   []byte // read by HTTP before the upgrade
	heard   func() // the peer is alive
	message bool   // inside a message: its time is running from the next read on
	timed   bool

	write  sync.Mutex
	closed bool // a close frame was written
}

func (g *guard) Read(p []byte) (int, error) {
	if len(g.early) > 0 {
		n := copy(p, g.early)
		g.early = g.early[n:]
		return n, nil
	}
	if g.message && !g.timed {
		g.timed = true
		g.Conn.SetReadDeadline(time.Now().Add(messageTime))
	}
	n, err := g.Conn.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if n > 0 {
		g.heard()
	}
	return n, err
}

// begin and end enclose the reading of one message.
func (g *guard) begin() { g.message = true }

func (g *guard) end() {
	if g.timed {
		g.Conn.SetReadDeadline(time.Time{})
	}
	g.message, g.timed = false, false
}

func (g *guard) Write(p []byte) (int, error) {
	g.write.Lock()
	defer g.write.Unlock()
	if g.closed {
		return len(p), nil
	}
	g.closed = lastFrame(p) == opClose
	return g.Conn.Write(p)
}

func (g *guard) Close() error { return nil }

// A reader reads the client's frames.
type reader struct {
	ws       *websocket.Conn
	conn     *guard
	buffered func() int
	buf      []byte
}

// ReadFrame implements duplex.Reader.
func (r *reader) ReadFrame() (p []byte, binary bool, err error) {
	if cap(r.buf) > readBuffer && r.buffered() == 0 {
		r.buf = nil // an idle connection keeps no large buffer
	}
	kind, body, err := r.ws.Reader(context.Background())
	if err == nil {
		r.conn.begin()
		r.buf, err = readAll(body, r.buf[:0])
		r.conn.end()
	}
	if err != nil {
		return nil, false, r.reason(err)
	}
	return r.buf, kind == websocket.MessageBinary, nil
}

// reason is the error that the connection is closed with: the peer's fault, unless the peer closed it
// or is gone.
func (r *reader) reason(err error) error {
	var network net.Error
	switch {
	case websocket.CloseStatus(err) != -1, errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case errors.As(err, &network) && network.Timeout():
		return transports.ErrTimeout
	case errors.As(err, &network):
		return err
	case errors.Is(err, websocket.ErrMessageTooBig):
		return transports.ErrTooLarge
	}
	return transports.ErrMalformed
}

// Buffered implements duplex.Reader.
func (r *reader) Buffered() bool { return r.buffered() > 0 }

// Drain implements duplex.Reader.
func (r *reader) Drain() { io.Copy(io.Discard, r.conn.Conn) }

func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
