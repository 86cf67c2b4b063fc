package engineio

import (
	"log/slog"
	"net/http"
	"time"
)

// Options configure a Server. The zero value of a field is the default that it states.
type Options struct {
	PingInterval   time.Duration // between a pong and the next ping; 25 s
	PingTimeout    time.Duration // for the pong; 20 s
	UpgradeTimeout time.Duration // for a started upgrade; 10 s
	// MaxPayload is the largest POST body and WebSocket message that is taken, in bytes; 1,000,000. Clients are told.
	MaxPayload int64
	// Transports that may begin a session: "polling" and "websocket", which is the default.
	Transports []string
	// DisableUpgrades keeps a session on the transport it began with.
	DisableUpgrades bool

	// AllowRequest decides about a handshake; it is not asked about later requests of a session. Its error is the client's
	// answer: 403 with the error's text.
	AllowRequest func(r *http.Request) error
	// GenerateID makes the id of a session: secret, unique, and of 1 to 64 letters, digits, "-" and "_". Nil is NewID.
	GenerateID func(r *http.Request) (string, error)
	// InitialHeaders may change the header of the handshake's answer, Headers that of every answer.
	InitialHeaders func(h http.Header, r *http.Request)
	Headers        func(h http.Header, r *http.Request)
	// Refused is told of every request that is answered with an error.
	Refused func(r *http.Request, code Code, cause string)
	// Cookie, if not nil, is set on the polling handshake with the session's id as its value, for sticky load balancers.
	// Defaults of its fields: Name "io", Path "/", HttpOnly, SameSite lax.
	Cookie *http.Cookie
	// CORS, if not nil, answers cross-origin requests. Nil sends no CORS header at all, so browsers refuse other origins.
	CORS *CORS
	// CheckOrigin, if not nil, decides about the Origin header of every request, WebSocket upgrades included: false is 403.
	// Browsers do not protect WebSockets against foreign pages, and the official server lets every origin in.
	CheckOrigin func(r *http.Request) bool
	// InitialPacket, if not nil, is sent as a message right after the handshake.
	InitialPacket *Message

	// CompressionThreshold is the smallest polling answer that is compressed, in bytes; 1024. Negative: none.
	CompressionThreshold int

	// AllowEIO3 also serves clients of protocol version 3, which those of Socket.IO 1 and 2 speak.
	AllowEIO3 bool

	// PerMessageDeflate compresses the messages of WebSockets whose clients offer it; nil never does.
	PerMessageDeflate *PerMessageDeflate

	// WriteBuffer is how many bytes may wait to be sent to one client; 4 MiB. A session that is given more while it holds
	// so much is closed with ReasonSlowConsumer (WebSocket code 4008): a slow client costs itself, never the others.
	WriteBuffer int
	// WriteTimeout bounds how long up to 64 KiB may take to be written; 10 s, and at least half of it. Then the session is
	// closed as a slow consumer.
	WriteTimeout time.Duration
	// MessageTimeout bounds how long one message or one POST body may take to arrive; 10 s.
	MessageTimeout time.Duration
	// MaxSessions is how many sessions there may be; 65,536. Further handshakes are answered 503 with Retry-After.
	MaxSessions int

	// MessageRate is how many messages a second one client may send, and so many at once; 0 is any number. A session that
	// exceeds it ends with ReasonRateLimit (WebSocket code 1008).
	MessageRate int
	// AddressRate is how many handshakes and requests with an unknown session id together one address may make in a second,
	// and so many at once; 0 is any number. What exceeds it is answered 429, so that ids cannot be tried out.
	AddressRate int
	// Address returns whom AddressRate counts a request for. Nil is the peer's address, an IPv6 one by its first 64 bits.
	// Behind a proxy, where all have the same, it must look into the header that the proxy sets.
	Address func(r *http.Request) string

	Logger *slog.Logger // slog.Default
}

func (o Options) withDefaults() Options {
	setDuration(&o.PingInterval, 25*time.Second)
	setDuration(&o.PingTimeout, 20*time.Second)
	setDuration(&o.UpgradeTimeout, 10*time.Second)
	setDuration(&o.WriteTimeout, 10*time.Second)
	setDuration(&o.MessageTimeout, 10*time.Second)
	if o.MaxPayload <= 0 {
		o.MaxPayload = 1_000_000
	}
	if o.Transports == nil {
		o.Transports = []string{"polling", "websocket"}
	}
	if o.GenerateID == nil {
		o.GenerateID = func(*http.Request) (string, error) { return NewID(), nil }
	}
	if o.CompressionThreshold == 0 {
		o.CompressionThreshold = 1024
	}
	if o.PerMessageDeflate != nil {
		d := *o.PerMessageDeflate
		if d.Threshold <= 0 {
			d.Threshold = 1024
		}
		o.PerMessageDeflate = &d
	}
	if o.WriteBuffer <= 0 {
		o.WriteBuffer = 4 << 20
	}
	if o.MaxSessions <= 0 {
		o.MaxSessions = 1 << 16
	}
	if o.Address == nil {
		o.Address = peerAddress
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func setDuration(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}
