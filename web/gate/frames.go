package gate

import (
	"fmt"
	"strings"
	"time"
)

// frames are those of a WebSocket (RFC 6455 section 5.2), one entry each.
type frames struct {
	arm     string
	up      bool
	head    []byte // of a frame whose header is not whole
	left    uint64 // bytes of its content still to come
	mask    [4]byte
	masked  bool
	at      int // position in the mask
	op      byte
	fin     bool
	coded   bool    // the message is compressed
	message content // of a message that goes on
	kind    byte    // opcode of that message
	sio     socketio
	inside  bool // a frame's content is being read
}

const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

func (f *frames) feed(v *voice, p []byte, at time.Time) {
	for len(p) > 0 || f.inside && f.left == 0 {
		if !f.inside {
			v.begin("frame", at)
			f.head = append(f.head, p[0])
			v.put(framing, p[:1])
			p = p[1:]
			if f.whole() {
				f.start()
			}
			continue
		}
		n := min(uint64(len(p)), f.left)
		f.take(v, p[:n])
		p = p[n:]
		if f.left -= n; f.left == 0 {
			f.end(v, at)
		}
	}
}

// whole tells whether the header has all its bytes.
func (f *frames) whole() bool {
	if len(f.head) < 2 {
		return false
	}
	want := 2
	switch f.head[1] & 0x7f {
	case 126:
		want += 2
	case 127:
		want += 8
	}
	if f.head[1]&0x80 != 0 {
		want += 4
	}
	return len(f.head) == want
}

// start reads the header.
func (f *frames) start() {
	h := f.head
	f.fin, f.op, f.masked = h[0]&0x80 != 0, h[0]&15, h[1]&0x80 != 0
	size, h := uint64(h[1]&0x7f), h[2:]
	extended := map[uint64]int{126: 2, 127: 8}[size]
	if extended > 0 {
		size = 0
		for _, b := range h[:extended] {
			size = size<<8 | uint64(b)
		}
		h = h[extended:]
	}
	f.left, f.at = size, 0
	copy(f.mask[:], h) // nothing is left of an unmasked one
	if f.op == opText || f.op == opBinary {
		f.coded = f.head[0]&0x40 != 0
		f.kind = f.op
		f.message = f.contentOf()
	}
	f.head, f.inside = f.head[:0], true
}

// contentOf is that of the message that begins.
func (f *frames) contentOf() content {
	switch {
	case f.coded:
		return unknown{}
	case strings.HasPrefix(f.arm, "socketio"):
		return f.sio.frame(f.kind == opBinary, f.up)
	case f.kind == opBinary:
		return newBinary(f.up)
	}
	return &text{up: f.up}
}

func (f *frames) take(v *voice, p []byte) {
	if f.masked {
		clear := make([]byte, len(p))
		for i, b := range p {
			clear[i] = b ^ f.mask[(f.at+i)&3]
		}
		f.at += len(p)
		p = clear
	}
	if f.op >= opClose || f.message == nil {
		v.put(other, p)
		return
	}
	f.message.feed(v, p)
}

// end ends a frame.
func (f *frames) end(v *voice, at time.Time) {
	f.inside = false
	if f.message != nil && f.fin && f.op < opClose {
		f.message.end(v)
	}
	carries := v.said[payload]+v.said[envelope] > 0 || f.op < opClose && f.sio.announces
	f.sio.announces = false
	var title string
	switch {
	case f.op == opPing:
		title = "ping"
	case f.op == opPong:
		title = "pong"
	case f.op == opClose:
		title = "close"
		if t := v.parts; len(t) > 0 {
			if last := t[len(t)-1].text; t[len(t)-1].class == other && len(last) >= 2 {
				title = fmt.Sprintf("close · %d %s", int(last[0])<<8|int(last[1]), readable(last[2:]))
			}
		}
	case f.op >= opClose || f.message == nil:
		title = "unknown"
	default:
		title = map[byte]string{opText: "text", opBinary: "binary"}[f.kind]
		switch {
		case !f.fin:
			title += " · a fragment"
		case f.coded:
			title += " · compressed"
		case v.entry.Messages > 0:
			title += " · " + plural(v.entry.Messages)
		case carries:
			title += " · announces an attachment"
		case strings.HasPrefix(f.arm, "socketio"):
			title += " · " + f.sio.title(v.text(other))
		default:
			title += " · " + controlOf(v.text(other))
		}
	}
	if !carries {
		v.nothing()
	}
	v.finish(title, at)
	if f.fin && f.op < opClose {
		f.message = nil
	}
}
