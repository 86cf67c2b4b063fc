package client

import (
	"encoding/json"
	"errors"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// Errors of sockets.
var (
	ErrReserved     = errors.New("event name is reserved")
	ErrDisconnected = errors.New("socket has been disconnected")
	ErrAckTimeout   = errors.New("operation has timed out")
	ErrTimeout      = errors.New("timeout") // opening a connection, see Options.Timeout
	ErrBufferFull   = errors.New("send buffer is full")
	ErrNotWritable  = errors.New("volatile event was dropped")
	ErrClosed       = errors.New("manager is closed")
	// ErrOldServer means that the server speaks an older protocol.
	//lint:ignore ST1005 the words of the official client
	ErrOldServer = errors.New("It seems you are trying to reach a Socket.IO server in v2.x with a v3.x client, but they are not compatible (more information here: https://socket.io/docs/v3/migrating-from-2-x-to-3-0/)")
	// ErrFlood means that the server sent more before it let the socket in than may be kept.
	ErrFlood = errors.New("too many events before CONNECT")
)

// A ConnectError is the server's refusal to let a socket into its namespace.
type ConnectError struct {
	Message string
	Data    parser.Value // absent if the server gave none
}

// Error implements error.
func (e *ConnectError) Error() string { return e.Message }

// readConnectError reads the payload of a CONNECT_ERROR packet.
func readConnectError(v parser.Value) *ConnectError {
	e := &ConnectError{}
	if v.Decode(&e.Message) == nil { // a string is the form of older servers
		return e
	}
	var object struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := v.Decode(&object); err != nil {
		e.Message = "connection was refused"
		return e
	}
	e.Message, e.Data.JSON = object.Message, object.Data
	return e
}

// Reason says why a socket was disconnected, in the words of the official client.
type Reason = engineio.Reason

// The reasons beside those of the connection: "ping timeout", "transport close", "transport error", "parse error".
const (
	ReasonServerDisconnect Reason = "io server disconnect" // the socket does not reconnect on its own
	ReasonClientDisconnect Reason = "io client disconnect"
)
