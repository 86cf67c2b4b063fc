package engineio

import "errors"

// Reason says why a session ended, in the words of the official server.
type Reason string

// The reasons of a session's end.
const (
	ReasonTransportError Reason = "transport error"
	ReasonTransportClose Reason = "transport close"
	ReasonForcedClose    Reason = "forced close"
	ReasonPingTimeout    Reason = "ping timeout"
	ReasonParseError     Reason = "parse error"
	ReasonShutdown       Reason = "server shutting down"
	// ReasonSlowConsumer is this package's own: the client did not read fast enough, see Options.WriteBuffer.
	ReasonSlowConsumer Reason = "slow consumer"
	// ReasonRateLimit, too: the client sent more than Options.MessageRate.
	ReasonRateLimit Reason = "rate limit exceeded"
)

// Errors of sessions. The error given to Handler.Closed wraps one of these where it fits.
var (
	ErrClosed          = errors.New("session is closed")
	ErrSlowConsumer    = errors.New("client reads too slowly")
	ErrPayloadTooLarge = errors.New("payload too large")
	ErrServerClosed    = errors.New("server is closed")
)

// Code numbers the ways in which a request is refused.
type Code int

// The codes of the protocol.
const (
	CodeUnknownTransport Code = iota
	CodeUnknownSession
	CodeBadMethod
	CodeBadRequest
	CodeForbidden
	CodeUnsupportedVersion
)

// String returns the protocol's message for the code.
func (c Code) String() string {
	names := [...]string{"Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
		"Unsupported protocol version"}
	if c >= 0 && int(c) < len(names) {
		return names[c]
	}
	return "Bad request"
}
