// Package engineio is Engine.IO, version 4 of the protocol: a session that begins on HTTP long polling or on a WebSocket, may
// move from the first to the second, is watched by a heartbeat, and carries text and binary messages. The package holds the
// codec of packets and payloads, which client and server share, and the server, which by option speaks version 3 too.
package engineio

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"
)

// PacketType is the kind of an Engine.IO packet.
type PacketType byte

// The packet types of the protocol.
const (
	Open PacketType = iota
	Close
	Ping
	Pong
	MessagePacket
	Upgrade
	Noop
)

// ErrMalformed is wrapped by every error that refuses a packet or a payload. The session must be closed.
var ErrMalformed = errors.New("malformed packet")

// Separator stands between the packets of a payload.
const Separator = 0x1e

// A Packet is one Engine.IO packet. Binary data is always a message.
type Packet struct {
	Type   PacketType
	Binary bool
	Data   []byte
}

// AppendPacket appends the text form of p: its type as a digit and its data, or "b" and base64 when it is binary. A
// WebSocket carries binary data as it is instead, in a binary frame without a type.
func AppendPacket(dst []byte, p Packet) []byte {
	if p.Binary {
		return base64.StdEncoding.AppendEncode(append(dst, 'b'), p.Data)
	}
	return append(append(dst, '0'+byte(p.Type)), p.Data...)
}

// DecodeFrame reads a packet from a WebSocket frame. Text must be UTF-8. The packet refers to data.
func DecodeFrame(data []byte, binary bool) (Packet, error) {
	if !binary && !utf8.Valid(data) {
		return Packet{}, fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
	}
	return decodeFrame(data, binary)
}

func decodeFrame(data []byte, binary bool) (Packet, error) {
	if binary {
		return Packet{Type: MessagePacket, Binary: true, Data: data}, nil
	}
	if len(data) == 0 {
		return Packet{}, fmt.Errorf("%w: empty", ErrMalformed)
	}
	if data[0] < '0' || data[0] > '0'+byte(Noop) {
		return Packet{}, fmt.Errorf("%w: unknown packet type %q", ErrMalformed, data[0])
	}
	return Packet{Type: PacketType(data[0] - '0'), Data: data[1:]}, nil
}

// DecodePacket reads a packet of a payload, in which binary data is base64. The packet refers to data, or to memory of its
// own when it is binary.
func DecodePacket(data []byte) (Packet, error) {
	if len(data) == 0 || data[0] != 'b' {
		return DecodeFrame(data, false)
	}
	if bytes.ContainsAny(data, "\r\n") { // encoding/base64 skips line ends, also when it is strict
		return Packet{}, fmt.Errorf("%w: line end in base64", ErrMalformed)
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(data)-1))
	n, err := base64.StdEncoding.Strict().Decode(out, data[1:])
	if err != nil {
		return Packet{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Packet{Type: MessagePacket, Binary: true, Data: out[:n]}, nil
}
