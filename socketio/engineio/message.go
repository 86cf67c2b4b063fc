package engineio

import (
	"encoding/base64"
	"encoding/binary"
)

// A Message is a packet to send, in the form of a finished WebSocket frame; the packet of a polling payload is a part of it.
// It never changes, so one Message serves any number of sessions: a broadcast is built once.
type Message struct {
	frame  []byte // header and packet
	body   int    // where the packet begins
	binary bool
	plain  bool // not to be compressed
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
	other := *m
	other.plain = true
	return &other
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
	n := len(prefix) + len(data)
	frame := make([]byte, 0, 10+n)
	first := byte(frameText)
	if isBinary {
		first = frameBinary
	}
	switch {
	case n < 126:
		frame = append(frame, first, byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, first, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, first, 127), uint64(n))
	}
	body := len(frame)
	frame = append(append(frame, prefix...), data...)
	return &Message{frame: frame, body: body, binary: isBinary}
}

// appendPolling appends the message as a packet of a payload.
func (m *Message) appendPolling(dst []byte) []byte {
	if m.binary {
		return base64.StdEncoding.AppendEncode(append(dst, 'b'), m.frame[m.body:])
	}
	return append(dst, m.frame[m.body:]...)
}
