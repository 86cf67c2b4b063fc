package gate

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// packets are a payload of Engine.IO over HTTP: packets with a record separator between them, binary ones
// in base64 behind a "b".
type packets struct {
	up      bool
	sio     socketio
	begun   bool // the packet has a byte
	packet  content
	digits  []byte // of base64, fewer than four
	encoded bool
}

const separator = 0x1e

func (x *packets) feed(s sink, p []byte) {
	for len(p) > 0 {
		if !x.begun {
			x.begun, x.encoded = true, p[0] == 'b'
			if x.encoded {
				x.packet = x.sio.frame(true, x.up)
				s.put(framing, p[:1])
				p = p[1:]
				continue
			}
			x.packet = x.sio.frame(false, x.up)
		}
		n := bytes.IndexByte(p, separator)
		part := p
		if n >= 0 {
			part = p[:n]
		}
		if x.encoded {
			x.decode(s, part)
		} else {
			x.packet.feed(s, part)
		}
		if n < 0 {
			return
		}
		x.end(s)
		s.put(framing, p[n:n+1])
		p = p[n+1:]
	}
}

// end ends a packet.
func (x *packets) end(s sink) {
	if !x.begun {
		return
	}
	x.packet.end(s)
	if len(x.digits) > 0 {
		s.put(other, x.digits)
	}
	x.begun, x.digits = false, x.digits[:0]
}

// decode takes base64. Three bytes are written as four: the fourth is framing.
func (x *packets) decode(s sink, p []byte) {
	for _, c := range p {
		x.digits = append(x.digits, c)
		if len(x.digits) < 4 {
			continue
		}
		var three [3]byte
		n, err := base64.StdEncoding.Decode(three[:], x.digits)
		if err != nil {
			n = 0
		}
		var in decoded
		x.packet.feed(&in, three[:n])
		for range in.messages {
			s.message()
		}
		s.put(in.first, x.digits)
		s.move(in.first, framing, 4)
		for c, k := range in.tally {
			s.move(framing, class(c), k)
		}
		x.digits = x.digits[:0]
	}
}

// decoded is a sink for a few bytes.
type decoded struct {
	tally
	first    class // of the first one
	some     bool
	messages int
}

func (d *decoded) put(c class, p []byte) {
	if !d.some {
		d.some, d.first = true, c
	}
	d.tally[c] += int64(len(p))
}

func (d *decoded) move(from, to class, n int64) {
	d.tally[from] -= n
	d.tally[to] += n
}

func (d *decoded) message() { d.messages++ }

// socketio follows the packets of one direction: which binary one is a batch is said by the text before it.
type socketio struct {
	attachment bool // the next binary packet is a batch
	announces  bool // the packet that was read last announces one
}

// frame is the content of the next packet.
func (x *socketio) frame(isBinary, up bool) content {
	switch {
	case isBinary && x.attachment:
		x.attachment = false
		return newBinary(up)
	case isBinary:
		return unknown{}
	}
	x.attachment = false
	return &packet{up: up, of: x}
}

// title names a packet that carries no message.
func (*socketio) title(text string) string {
	kinds := []struct{ prefix, name string }{
		{"0", "Engine.IO opens"}, {"1", "Engine.IO closes"}, {"2probe", "probe"}, {"3probe", "probe answered"},
		{"2", "Engine.IO ping"}, {"3", "Engine.IO pong"}, {"5", "upgrade"}, {"6", "nothing"},
		{"40", "connect"}, {"41", "disconnect"}, {"43", "acknowledgement"}, {"44", "connection refused"}, {"42", ""},
	}
	for _, k := range kinds {
		if strings.HasPrefix(text, k.prefix) && k.name != "" {
			return k.name
		}
	}
	return controlOf(text)
}

// A packet is one of Socket.IO in one of Engine.IO, as text. The events "batch" and "send" hold a batch.
type packet struct {
	up    bool
	of    *socketio
	head  []byte // until it is known what it is
	batch *text
	known bool  // it holds no batch
	rest  class // what else it is
}

// mostPrefix is how long what stands before an event's argument may be.
const mostPrefix = 64

func (x *packet) feed(s sink, p []byte) {
	for len(p) > 0 && !x.known && x.batch == nil {
		x.head = append(x.head, p[0])
		p = p[1:]
		x.judge(s)
	}
	switch {
	case len(p) == 0:
	case x.batch == nil:
		s.put(x.rest, p)
	default:
		if rest := x.batch.take(s, p); len(rest) > 0 {
			s.put(framing, rest)
		}
	}
}

func (x *packet) end(s sink) {
	if !x.known && x.batch == nil && len(x.head) > 0 {
		x.known = true
		s.put(other, x.head)
	}
}

// judge looks at the packet's beginning. The bytes are held back until they are understood.
func (x *packet) judge(s sink) {
	h := x.head
	isEvent := len(h) < 2 || h[0] == '4' && (h[1] == '2' || h[1] == '5')
	if n := bytes.IndexByte(h, '['); isEvent && n < 0 && len(h) < mostPrefix {
		if len(h) >= 2 {
			return
		}
		if h[0] == '4' {
			return
		}
		isEvent = false
	} else if isEvent && n >= 0 {
		name := h[n:]
		for _, known := range []string{`["batch",`, `["send",`} {
			if len(name) < len(known) && strings.HasPrefix(known, string(name)) {
				return
			}
			if string(name) == known {
				if h[1] == '5' {
					x.known, x.rest = true, framing
					x.of.attachment, x.of.announces = true, true
				} else {
					x.batch = &text{up: x.up}
				}
				s.put(framing, h)
				return
			}
		}
		isEvent = false
	}
	x.known, x.rest = true, other
	s.put(other, h)
}
