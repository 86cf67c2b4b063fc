// Package client is the client of Engine.IO, version 4 of the protocol: it opens a session over HTTP long polling or a
// WebSocket, moves it from the first to the second when the server offers that, answers the heartbeat, and carries text and
// binary messages. Behaviour and defaults are those of engine.io-client 6.6.
package client

import (
	"net/http"
	"net/url"
	"slices"
)

// The names of the transports.
const (
	Polling   = "polling"
	WebSocket = "websocket"
)

// A Timestamp says which requests carry a value that no cache has seen.
type Timestamp int

// The choices for Options.TimestampRequests.
const (
	TimestampPolling Timestamp = iota // requests of long polling alone
	TimestampAll                      // the WebSocket's too
	TimestampNone
)

// Options configure a Dialer. The zero value of a field is the default that it states.
type Options struct {
	// HTTPClient makes every request, the WebSocket's opening handshake included. Proxies, TLS and client certificates are
	// its Transport's, cookies are its Jar's. Its Timeout must be 0 or longer than the server's ping interval, because a
	// poll takes that long. Nil is a client of the Dialer's own with the settings of http.DefaultTransport and no jar.
	HTTPClient *http.Client
	Header     http.Header // added to every request
	// TransportHeader is added to the requests of the transport that it is listed under, in place of values in Header.
	TransportHeader map[string]http.Header
	Query           url.Values // added to the query of every request
	Subprotocols    []string   // offered to the server in the WebSocket's opening handshake

	// Path of the server's endpoint; "/engine.io". A slash is put at its end unless NoTrailingSlash is set.
	Path            string
	NoTrailingSlash bool

	// Transports in the order of preference; polling, websocket. The first one opens the session.
	Transports []string
	// TryAllTransports opens the session with the next transport when one fails.
	TryAllTransports bool
	// DisableUpgrade keeps the session on the transport it began with.
	DisableUpgrade bool
	// RememberUpgrade begins with a WebSocket when the last session of the Dialer had one.
	RememberUpgrade bool

	TimestampRequests Timestamp
	TimestampParam    string // name of the timestamp in the query; "t"
	// ForceBase64 asks for binary data as base64 text, and sends it so.
	ForceBase64 bool
	// CompressionThreshold is the smallest WebSocket message that is compressed when the server agrees to compression
	// (RFC 7692), in bytes; 1024. Negative: compression is not offered.
	CompressionThreshold int
	// MaxMessage is the largest WebSocket message and the largest answer to a poll that is taken, in bytes; 16 MiB. A
	// larger one ends the session.
	MaxMessage int64
}

func (o Options) withDefaults() Options {
	if o.Path == "" {
		o.Path = "/engine.io"
	}
	if len(o.Transports) == 0 {
		o.Transports = []string{Polling, WebSocket}
	}
	o.Transports = slices.Clone(o.Transports)
	if o.TimestampParam == "" {
		o.TimestampParam = "t"
	}
	if o.CompressionThreshold == 0 {
		o.CompressionThreshold = 1024
	}
	if o.MaxMessage <= 0 {
		o.MaxMessage = 16 << 20
	}
	return o
}

// header returns the header of a request of the named transport.
func (o Options) header(transport string) http.Header {
	h := make(http.Header, len(o.Header)+3)
	for _, source := range []http.Header{o.Header, o.TransportHeader[transport]} {
		for name, values := range source {
			h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	return h
}
