// Package parser encodes and decodes Socket.IO packets: the JSON form of the Socket.IO protocol, version 5, in which binary
// parts travel as frames of their own, and the MessagePack form of socket.io-msgpack-parser. Arguments stay raw JSON until
// somebody asks for a Go value.
package parser

import "errors"

// Type is the kind of a packet. The wire also knows binary events and binary acknowledgements; in memory they are an Event
// or an Ack whose Value has attachments.
type Type byte

// The packet types of the protocol.
const (
	Connect Type = iota
	Disconnect
	Event
	Ack
	ConnectError
	binaryEvent
	binaryAck
)

// String returns the protocol's name of the type.
func (t Type) String() string {
	names := [...]string{"CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK"}
	if int(t) < len(names) {
		return names[t]
	}
	return "UNKNOWN"
}

// MaxAttachments is how many binary attachments one packet may announce unless a decoder is given another limit; the
// official parser has the same.
const MaxAttachments = 10

// ErrMalformed is wrapped by every error that refuses a packet. The connection that sent it must be closed.
var ErrMalformed = errors.New("malformed packet")

// A Packet is one Socket.IO packet.
type Packet struct {
	Type      Type
	Namespace string // begins with "/"; "" means "/"
	ID        uint64 // acknowledgement id, when HasID
	HasID     bool
	// Data is the payload: an array for Event (name first) and Ack, an object or nothing for Connect, a string or an
	// object for ConnectError, nothing for Disconnect.
	Data Value
}

// A Frame is one message of the layer below: text or binary.
type Frame struct {
	Data   []byte
	Binary bool
}

// A Parser is one wire format. It has no state and may be used concurrently.
type Parser interface {
	// Encode appends the frames of p to dst. The frames must be sent in order with nothing between them. They may share
	// memory with p's attachments.
	Encode(dst []Frame, p Packet) ([]Frame, error)
	// NewDecoder returns a decoder for one connection. maxAttachments of 0 is MaxAttachments.
	NewDecoder(maxAttachments int) Decoder
}

// A Decoder turns the frames of one connection into packets. It is not safe for concurrent use, and it must not be used
// after an error. It keeps f.Data: the packet refers to it.
type Decoder interface {
	// Decode takes the next frame; its text must be UTF-8. It returns false without an error when the packet needs more
	// frames.
	Decode(f Frame) (Packet, bool, error)
	// Pending reports whether a packet waits for attachments.
	Pending() bool
}

// Reserved reports whether an event name belongs to the library, so that no peer may send it.
func Reserved(event string) bool {
	switch event {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}
