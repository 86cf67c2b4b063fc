package client

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	engine "transportlab/socketio/engineio/client"
	"transportlab/socketio/parser"
)

// The names of the transports.
const (
	Polling   = engine.Polling
	WebSocket = engine.WebSocket
)

// Options configure a Manager. The zero value of a field is the default that it states.
type Options struct {
	Reconnection Reconnection
	// Timeout bounds one attempt to open a connection; 20 s. Negative: none.
	Timeout time.Duration
	Parser  parser.Parser // parser.JSON; the server must use the same
	// Path of the server's endpoint; "/socket.io". A slash is put at its end unless NoTrailingSlash is set.
	Path            string
	NoTrailingSlash bool
	Query           url.Values // of every request; the same for all namespaces
	Header          http.Header
	// Transports in the order of preference; polling, websocket: the connection begins with polling and moves to a
	// WebSocket. With websocket, polling and TryAllTransports it begins with a WebSocket and falls back.
	Transports       []string
	TryAllTransports bool
	DisableUpgrade   bool
	RememberUpgrade  bool // begin with a WebSocket when the last connection had one
	// HTTPClient makes every request: proxies, TLS and client certificates are its Transport's, cookies its Jar's. See
	// engineio/client.Options for this and for what Engine adds.
	HTTPClient *http.Client
	// Engine holds the options of the connection that are not listed here. A field that is, is taken from here.
	Engine engine.Options
	// ForceNew makes Clients use a Manager of its own.
	ForceNew bool

	// SendBuffer is how many bytes of events one socket may keep while it is not connected; 16 MiB. More is ErrBufferFull.
	SendBuffer int
	// WriteBuffer is how many bytes may wait to be written to the connection before Emit waits; 1 MiB.
	WriteBuffer int
	// ReceiveBuffer is how many bytes of events may wait for the handlers of one socket; 16 MiB. Then the connection is not
	// read, which slows the server down. While an acknowledgement is awaited, maybe by the very handler that holds the
	// others up, it is four times as much.
	ReceiveBuffer  int
	MaxAttachments int // binary parts of one packet; 10

	Logger *slog.Logger // slog.Default
}

// Reconnection says when and how often a lost connection, or one that could not be opened, is tried again.
type Reconnection struct {
	Disabled bool
	Attempts int           // 0: for ever
	Delay    time.Duration // before the first attempt, doubled for each further one; 1 s
	DelayMax time.Duration // 5 s
	// RandomizationFactor is the part of the delay by which it may be shorter or longer, at most 1; 0.5. Negative: none.
	RandomizationFactor float64
}

func (r Reconnection) withDefaults() Reconnection {
	if r.Delay <= 0 {
		r.Delay = time.Second
	}
	if r.DelayMax <= 0 {
		r.DelayMax = 5 * time.Second
	}
	if r.RandomizationFactor == 0 {
		r.RandomizationFactor = 0.5
	}
	return r
}

func (o Options) withDefaults() Options {
	o.Reconnection = o.Reconnection.withDefaults()
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Parser == nil {
		o.Parser = parser.JSON{}
	}
	if o.Path == "" {
		o.Path = "/socket.io"
	}
	setDefault(&o.SendBuffer, 16<<20)
	setDefault(&o.WriteBuffer, 1<<20)
	setDefault(&o.ReceiveBuffer, 16<<20)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func setDefault(n *int, value int) {
	if *n <= 0 {
		*n = value
	}
}

// engine returns the options of the connection.
func (o Options) engine() engine.Options {
	e := o.Engine
	e.Path, e.NoTrailingSlash = o.Path, o.NoTrailingSlash
	e.Query, e.Header, e.HTTPClient = o.Query, o.Header, o.HTTPClient
	e.Transports, e.TryAllTransports = o.Transports, o.TryAllTransports
	e.DisableUpgrade, e.RememberUpgrade = o.DisableUpgrade, o.RememberUpgrade
	return e
}

// An AuthFunc returns the credentials of a socket, which must encode to a JSON object, or nil. It is called each time the
// socket joins its namespace. Its error counts as a refusal by the server.
type AuthFunc func(ctx context.Context) (any, error)

// SocketOptions configure a Socket.
type SocketOptions struct {
	// Auth are the credentials, encoded once; see Socket.SetAuth. AuthFunc, if not nil, is asked instead.
	Auth     any
	AuthFunc AuthFunc
	// AckTimeout bounds the wait for each acknowledgement; 0: none beside the caller's context, 10 s with Retries.
	AckTimeout time.Duration
	// Retries is how often an event is sent again when it is not acknowledged. With it events are sent one at a time, in
	// order, each at least once unless all attempts fail; the server must acknowledge every event. Volatile events are not
	// part of this.
	Retries int
}
