package engineio

import (
	"encoding/base64"
	"encoding/binary"
	"sync"
)

// A Message is a packet to send, in the form of a finished WebSocket frame; the packet of a polling payload is a part of it.
// It never changes, so one Message serves any number of sessions: a broadcast is built once.
type Message struct {
	frame  []byte // header and packet
	body   int    // where the packet begins
	binary bool
	plain  bool // not to be compressed
	alone  bool // see Alone

	zip    sync.Once
	zipped []byte // the frame compressed
}

// NewMessage makes a message packet of data, which it copies.
func NewMessage(data []byte, binary bool) *Message {
	if binary {
		return newMessage(nil, data, true)
	}
	return newMessage([]byte{'0' + byte(MessagePacket)}, data, false)
}

// Uncompressed returns the same message with the wish not to be compressed on the way.
func (m *Message) Uncompressed() *Message {
	return &Message{frame: m.frame, body: m.body, binary: m.binary, plain: true, alone: m.alone}
}

// Alone returns the same message with the wish that what follows it on a WebSocket not be read together with it: that is
// written when the client has sent something, or 10 ms later. Clients that wait for one frame after the other, as those of
// the protocol's official test suite do, lose the second one of those that come with one read.
func (m *Message) Alone() *Message {
	return &Message{frame: m.frame, body: m.body, binary: m.binary, plain: m.plain, alone: true}
}

// compressed returns the frame with its content compressed, or as it is when that is no gain. It does the work once.
func (m *Message) compressed(p *pools) []byte {
	m.zip.Do(func() {
		m.zipped = m.frame
		if small := p.compress(nil, m.frame[m.body:]); len(small) < len(m.frame)-m.body {
			m.zipped = buildFrame(m.frame[0]|bitCompressed, nil, small)
		}
	})
	return m.zipped
}

// Size is the number of bytes that the message takes in a write buffer.
func (m *Message) Size() int { return len(m.frame) }

// dataSize is the number of bytes of the message's data.
func (m *Message) dataSize() int {
	if m.binary {
		return len(m.frame) - m.body
	}
	return len(m.frame) - m.body - 1 // without the packet's type
}

func newControl(t PacketType, data string) *Message {
	return newMessage([]byte{'0' + byte(t)}, []byte(data), false)
}

// WebSocket opcodes, with the FIN bit (RFC 6455, section 5.2).
const (
	frameText   = 0x81
	frameBinary = 0x82
	frameClose  = 0x88
)

func newMessage(prefix, data []byte, isBinary bool) *Message {
	first := byte(frameText)
	if isBinary {
		first = frameBinary
	}
	frame := buildFrame(first, prefix, data)
	return &Message{frame: frame, body: len(frame) - len(prefix) - len(data), binary: isBinary}
}

// buildFrame builds an unmasked frame.
func buildFrame(first byte, prefix, data []byte) []byte {
	n := len(prefix) + len(data)
	dst := make([]byte, 0, 10+n)
	switch {
	case n < 126:
		dst = append(dst, first, byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
	}
	return append(append(dst, prefix...), data...)
}

// appendPolling appends the message as a packet of a payload.
func (m *Message) appendPolling(dst []byte) []byte {
	if m.binary {
		return base64.StdEncoding.AppendEncode(append(dst, 'b'), m.frame[m.body:])
	}
	return append(dst, m.frame[m.body:]...)
}
