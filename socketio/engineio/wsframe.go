package engineio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Opcodes and bits of RFC 6455, section 5.2, and RFC 7692.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10

	bitFinal      = 0x80
	bitCompressed = 0x40
	bitMasked     = 0x80
)

const (
	// What pings and pongs a client may send: a burst, and a rate in the long run.
	controlBurst    = 100
	controlInterval = 100 * time.Millisecond
	// How many fragments a message may have, and one more for every 16 bytes.
	minFragments = 64
)

var (
	errFragments = &violation{closePolicy, errors.New("message has too many fragments")}
	errControls  = &violation{closePolicy, errors.New("too many pings")}
)

// A peerClose is the client's close frame.
type peerClose struct {
	code int // 0: none
	text string
}

func (e *peerClose) Error() string {
	return fmt.Sprintf("client closed the WebSocket: %d %q", e.code, e.text)
}

type wsHeader struct {
	op         byte
	final      bool
	compressed bool
	length     int
	mask       [4]byte
}

// An inbound is a message of the client. The data is the receiver's.
type inbound struct {
	data   []byte
	binary bool
}

// next reads one message and answers the control frames before it. It reports false when there were only those.
func (c *wsConn) next() (m inbound, ok bool, err error) {
	var first wsHeader
	var buf *[]byte // for a message that is not here as a whole
	defer func() {
		if buf != nil && cap(*buf) <= maxPooledMessage {
			c.server.pools.messages.Put(buf)
		}
		if deadlineErr := c.untimed(); err == nil {
			err = deadlineErr
		}
	}()
	for fragments := 0; ; {
		h, err := c.header()
		if err != nil {
			return inbound{}, false, err
		}
		if h.op >= opClose {
			if err := c.control(h); err != nil {
				return inbound{}, false, err
			}
			if fragments == 0 && !c.ready() {
				return inbound{}, false, nil
			}
			continue
		}
		if (h.op == opContinuation) != (fragments > 0) {
			return inbound{}, false, broken("fragments are out of order")
		}
		if h.compressed && (fragments > 0 || !c.deflate) {
			return inbound{}, false, broken("compression was not agreed on")
		}
		if fragments == 0 {
			first = h
			if h.final && h.length <= len(c.in.pending) { // the usual case
				data := append(make([]byte, 0, h.length), c.in.pending[:h.length]...)
				c.in.pending = c.in.pending[h.length:]
				unmask(data, h.mask)
				return c.finish(data, first)
			}
			buf = c.server.pools.message()
		}
		fragments++
		if int64(h.length) > c.server.opts.MaxPayload-int64(len(*buf)) {
			return inbound{}, false, errTooBig
		}
		if fragments > minFragments+len(*buf)/16 {
			return inbound{}, false, errFragments
		}
		if *buf, err = c.payload(*buf, h); err != nil {
			return inbound{}, false, err
		}
		if h.final {
			return c.finish(append(make([]byte, 0, len(*buf)), *buf...), first)
		}
	}
}

// finish returns a message that has arrived.
func (c *wsConn) finish(data []byte, first wsHeader) (m inbound, ok bool, err error) {
	if first.compressed {
		if data, err = c.server.pools.inflate(data, c.server.opts.MaxPayload); err != nil {
			return inbound{}, false, err
		}
	}
	if first.op == opText && !utf8.Valid(data) {
		return inbound{}, false, &violation{closeInvalidData, errInvalidUTF8}
	}
	return inbound{data, first.op == opBinary}, true, nil
}

// decode reads the packet of a message.
func (c *wsConn) decode(m inbound) (Packet, error) {
	if c.old != nil {
		return c.old.decodeFrame(m.data, m.binary)
	}
	return decodeFrame(m.data, m.binary)
}

var errInvalidUTF8 = errors.New("text message is not UTF-8")

// header reads the header of a frame.
func (c *wsConn) header() (h wsHeader, err error) {
	if err := c.need(2); err != nil {
		return h, err
	}
	b0, b1 := c.in.pending[0], c.in.pending[1]
	h.op, h.final, h.compressed = b0&15, b0&bitFinal != 0, b0&bitCompressed != 0
	n := int(b1 &^ bitMasked)
	switch {
	case b0&0x30 != 0, h.op > opBinary && h.op < opClose, h.op > opPong:
		return h, broken("reserved bits or opcode")
	case b1&bitMasked == 0:
		return h, broken("frame is not masked")
	case h.op >= opClose && (n > 125 || !h.final || h.compressed):
		return h, broken("malformed control frame")
	}
	extra := 0
	switch n {
	case 126:
		extra = 2
	case 127:
		extra = 8
	}
	if err := c.need(2 + extra); err != nil { // an excessive length is refused before the mask has come
		return h, err
	}
	length := uint64(n)
	switch extra {
	case 2:
		length = uint64(binary.BigEndian.Uint16(c.in.pending[2:]))
	case 8:
		length = binary.BigEndian.Uint64(c.in.pending[2:])
	}
	switch {
	case extra == 2 && length < 126, extra == 8 && length < 1<<16, length>>63 != 0:
		return h, broken("length is not minimal")
	case length > uint64(c.server.opts.MaxPayload):
		return h, errTooBig
	}
	if err := c.need(2 + extra + len(h.mask)); err != nil {
		return h, err
	}
	h.length = int(length)
	copy(h.mask[:], c.in.pending[2+extra:])
	c.in.pending = c.in.pending[2+extra+len(h.mask):]
	return h, nil
}

// payload appends the payload of a frame to dst, which grows with what has come, not with what was announced.
func (c *wsConn) payload(dst []byte, h wsHeader) ([]byte, error) {
	from := len(dst)
	for left := h.length; left > 0; {
		if len(c.in.pending) == 0 && left >= readBuffer {
			room := min(left, max(len(dst), readBuffer))
			at := len(dst)
			dst = append(dst, make([]byte, room)...)
			n, err := c.readInto(dst[at:])
			if err != nil {
				return dst, err
			}
			dst, left = dst[:at+n], left-n
			continue
		}
		if err := c.need(1); err != nil {
			return dst, err
		}
		n := min(left, len(c.in.pending))
		dst = append(dst, c.in.pending[:n]...)
		c.in.pending, left = c.in.pending[n:], left-n
	}
	unmask(dst[from:], h.mask)
	return dst, nil
}

// control reads and answers a control frame.
func (c *wsConn) control(h wsHeader) error {
	if err := c.need(h.length); err != nil {
		return err
	}
	p := c.in.pending[:h.length]
	c.in.pending = c.in.pending[h.length:]
	unmask(p, h.mask)
	if h.op == opClose {
		closed, err := parseClose(p)
		if err != nil {
			return err
		}
		c.goodbye(closed.code, "") // an answer
		return closed
	}
	if !c.allowControl() {
		return errControls
	}
	if h.op == opPong {
		return nil
	}
	return c.writeControl(opPong, p)
}

// parseClose reads the payload of a close frame (RFC 6455, sections 5.5.1 and 7.4).
func parseClose(p []byte) (*peerClose, error) {
	switch {
	case len(p) == 0:
		return &peerClose{}, nil
	case len(p) == 1:
		return nil, broken("close frame of one byte")
	}
	code := int(binary.BigEndian.Uint16(p))
	if (code < 1000 || code > 1014 || code == 1004 || code == 1005 || code == 1006) && (code < 3000 || code > 4999) {
		return nil, broken("close code is reserved")
	}
	if !utf8.Valid(p[2:]) {
		return nil, &violation{closeInvalidData, errInvalidUTF8}
	}
	return &peerClose{code, string(p[2:])}, nil
}

// allowControl bounds the rate of pings and pongs, each of which costs work.
func (c *wsConn) allowControl() bool {
	now := time.Now()
	if c.in.controls.Before(now) {
		c.in.controls = now
	}
	c.in.controls = c.in.controls.Add(controlInterval)
	return c.in.controls.Sub(now) <= controlBurst*controlInterval
}

// unmask applies a frame's mask (RFC 6455, section 5.3).
func unmask(p []byte, mask [4]byte) {
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
