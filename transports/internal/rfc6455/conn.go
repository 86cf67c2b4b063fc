package rfc6455

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"transportlab/transports"
	"transportlab/transports/internal/rate"
)

// Opcodes of section 5.2; a frame's first byte has FIN and RSV1, which marks a compressed message, too.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
	fin            = 0x80
	rsv1           = 0x40
)

const (
	messageTime  = 10 * time.Second // for a message to arrive once it has begun
	controlRate  = 10               // pings and pongs a second that a client may send, beside its answers
	smallBuffer  = 256
	largeBuffer  = 8 << 10
	minFragments = 64 // fragments that a message may have, and one more for every 16 bytes
)

// errPolicy ends connections that follow the protocol's letter to wear the server out.
var errPolicy = &transports.Error{Code: "policy", Close: 1008, Message: "too many frames for what they carry, or a message that took too long"}

var largeBuffers = sync.Pool{New: func() any { b := make([]byte, largeBuffer); return &b }}

// A Conn is the server's end of a WebSocket. ReadMessage is for one goroutine; Write, for whole frames,
// for another.
type Conn struct {
	net.Conn
	Deflate bool   // messages may be compressed
	Heard   func() // called when the peer has sent something
	Pings   int    // pings a second that this side sends, rounded up: as many more pongs are welcome
	limit   int

	small [smallBuffer]byte
	buf   []byte // buf[at:end] was read and not used yet
	at    int
	end   int
	large *[]byte // buf's memory, when it is borrowed
	msg   []byte  // the message being read
	timed bool    // a read deadline is set for it

	controls *rate.Bucket

	write  sync.Mutex
	closed bool // a close frame was written: nothing may follow
}

// A header is a frame's.
type header struct {
	op       byte
	fin, zip bool
	length   int
	mask     [4]byte
}

// Await returns when the peer has sent something, or the error that ended the connection.
func (c *Conn) Await() error {
	if c.at < c.end {
		return nil
	}
	c.settle()
	n, err := c.Conn.Read(c.buf)
	return c.filled(n, err)
}

// filled takes up what was read into buf.
func (c *Conn) filled(n int, err error) error {
	c.end += n
	if n > 0 && c.Heard != nil {
		c.Heard()
	}
	if c.end == len(c.buf) && len(c.buf) < largeBuffer { // there is probably more: take it in larger portions
		c.large = largeBuffers.Get().(*[]byte)
		copy(*c.large, c.buf)
		c.buf = *c.large
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // a proper end is a close frame
	}
	if n > 0 {
		return nil // the error will come again
	}
	return err
}

// Buffered tells whether a whole frame more is at hand.
func (c *Conn) Buffered() bool {
	p := c.buf[c.at:c.end]
	if len(p) < 6 {
		return false
	}
	need := 6 + int(p[1]&0x7f)
	switch {
	case p[1]&0x7f == 127:
		return false
	case p[1]&0x7f == 126:
		need = 8 + int(binary.BigEndian.Uint16(p[2:]))
	}
	return len(p) >= need
}

// ReadMessage returns the next message, valid until the next call, and answers control frames. A
// *transports.Error is the peer's fault, and names the close code; io.EOF follows the peer's close frame,
// which has been answered.
func (c *Conn) ReadMessage() (p []byte, isBinary bool, err error) {
	if err := c.Await(); err != nil {
		return nil, false, err
	}
	c.msg = c.msg[:0]
	if cap(c.msg) > smallBuffer && !c.Buffered() {
		c.msg = nil // an idle connection keeps no large message
	}
	defer c.untime()
	for fragments, first := 0, (header{}); ; fragments++ {
		h, err := c.header()
		if err != nil {
			return nil, false, c.late(err)
		}
		if h.op >= opClose {
			if err := c.control(h); err != nil {
				return nil, false, c.late(err)
			}
			fragments--
			continue
		}
		if (h.op == opContinuation) != (fragments > 0) || h.zip && (fragments > 0 || !c.Deflate) {
			return nil, false, transports.ErrMalformed
		}
		if fragments == 0 {
			first = h
		}
		if h.length > c.limit-len(c.msg) {
			return nil, false, transports.ErrTooLarge
		}
		if fragments > minFragments+len(c.msg)/16 {
			return nil, false, errPolicy
		}
		if err := c.payload(h); err != nil {
			return nil, false, c.late(err)
		}
		if !h.fin {
			c.time()
			continue
		}
		if first.zip {
			if c.msg, err = inflate(c.msg, c.limit); err != nil {
				return nil, false, err
			}
		}
		if first.op == opText && !utf8.Valid(c.msg) {
			return nil, false, transports.ErrUTF8
		}
		return c.msg, first.op == opBinary, nil
	}
}

// header reads a frame's header.
func (c *Conn) header() (h header, err error) {
	if err := c.fill(2); err != nil {
		return h, err
	}
	b0, b1 := c.buf[c.at], c.buf[c.at+1]
	h.op, h.fin, h.zip = b0&15, b0&fin != 0, b0&rsv1 != 0
	n := int(b1 & 0x7f)
	reserved := h.op > opBinary && h.op < opClose || h.op > opPong
	if b0&0x30 != 0 || reserved || b1&0x80 == 0 || h.op >= opClose && (n > 125 || !h.fin || h.zip) {
		return h, transports.ErrMalformed
	}
	extra := 0
	switch n {
	case 126:
		extra = 2
	case 127:
		extra = 8
	}
	if err := c.fill(2 + extra + 4); err != nil {
		return h, err
	}
	p := c.buf[c.at+2:]
	length := uint64(n)
	switch extra {
	case 2:
		length = uint64(binary.BigEndian.Uint16(p))
	case 8:
		length = binary.BigEndian.Uint64(p)
	}
	if extra == 2 && length < 126 || extra == 8 && length < 1<<16 || length>>63 != 0 {
		return h, transports.ErrMalformed // lengths are minimal (section 5.2)
	}
	if length > uint64(c.limit) {
		return h, transports.ErrTooLarge
	}
	h.length = int(length)
	copy(h.mask[:], p[extra:])
	c.at += 2 + extra + 4
	return h, nil
}

// fill has at least n bytes in buf, of a message whose time runs while they are waited for.
func (c *Conn) fill(n int) error {
	for c.end-c.at < n {
		c.time()
		c.end = copy(c.buf, c.buf[c.at:c.end])
		c.at = 0
		got, err := c.Conn.Read(c.buf[c.end:])
		if err := c.filled(got, err); err != nil {
			return err
		}
	}
	return nil
}

// settle goes back to the small buffer; everything read has been used.
func (c *Conn) settle() {
	c.at, c.end, c.buf = 0, 0, c.small[:]
	if c.large != nil {
		largeBuffers.Put(c.large)
		c.large = nil
	}
}

// payload adds a frame's payload, unmasked, to the message.
func (c *Conn) payload(h header) error {
	from := len(c.msg)
	have := min(h.length, c.end-c.at)
	c.msg = append(c.msg, c.buf[c.at:c.at+have]...)
	c.at += have
	for have < h.length { // grows with what has come, not with what was announced
		c.time()
		n := min(h.length-have, max(largeBuffer, have))
		c.msg = append(c.msg, make([]byte, n)...)
		if _, err := io.ReadFull(c.Conn, c.msg[from+have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		have += n
	}
	xor(c.msg[from:], h.mask)
	return nil
}

// control reads and answers a control frame.
func (c *Conn) control(h header) error {
	if c.controls == nil {
		c.controls = rate.New(controlRate + c.Pings)
	}
	if !c.controls.Take(1) {
		return errPolicy
	}
	if err := c.fill(h.length); err != nil {
		return err
	}
	p := c.buf[c.at : c.at+h.length]
	c.at += h.length
	xor(p, h.mask)
	switch h.op {
	case opPing:
		_, err := c.Write(append([]byte{fin | opPong, byte(len(p))}, p...))
		return err
	case opClose:
		if err := checkClose(p); err != nil {
			return err
		}
		if _, err := c.Write(append([]byte{fin | opClose, byte(min(len(p), 2))}, p[:min(len(p), 2)]...)); err != nil {
			return err
		}
		return io.EOF
	}
	return nil
}

// checkClose checks the payload of a close frame (sections 5.5.1 and 7.4).
func checkClose(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if len(p) == 1 {
		return transports.ErrMalformed
	}
	code := binary.BigEndian.Uint16(p)
	valid := code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006 || code >= 3000 && code <= 4999
	if !valid {
		return transports.ErrMalformed
	}
	if !utf8.Valid(p[2:]) {
		return transports.ErrUTF8
	}
	return nil
}

// time starts the clock of the message being read, when it first has to be waited for.
func (c *Conn) time() {
	if !c.timed {
		c.timed = true
		c.SetReadDeadline(time.Now().Add(messageTime))
	}
}

func (c *Conn) untime() {
	if c.timed {
		c.timed = false
		c.SetReadDeadline(time.Time{})
	}
}

// late makes an expired deadline the peer's fault.
func (c *Conn) late(err error) error {
	if c.timed && errors.Is(err, os.ErrDeadlineExceeded) {
		return errPolicy
	}
	return err
}

// Write writes whole frames. After a close frame it writes nothing.
func (c *Conn) Write(p []byte) (int, error) {
	c.write.Lock()
	defer c.write.Unlock()
	if c.closed {
		return len(p), nil
	}
	c.closed = endsInClose(p)
	return c.Conn.Write(p)
}

// xor applies a frame's mask (section 5.3).
func xor(p []byte, mask [4]byte) {
	m := binary.LittleEndian.Uint32(mask[:])
	wide := uint64(m)<<32 | uint64(m)
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^wide)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= mask[i&3]
	}
}
