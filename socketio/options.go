package socketio

import (
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// Options configure a Server. The zero value of a field is the default that it states.
type Options struct {
	// Path is the prefix of the requests that the server answers; "/socket.io/". Others get 404.
	Path   string
	Engine engineio.Options
	Parser parser.Parser // parser.JSON; the clients must use the same
	// Adapter makes the adapter of each namespace. Nil keeps everything in this process.
	Adapter AdapterFunc
	// Recovery, if not nil, gives a client that comes back soon its socket and the packets it missed.
	Recovery *RecoveryOptions
	// ConnectTimeout is how long a connection may stay without having joined a namespace; 45 s.
	ConnectTimeout time.Duration
	// AckTimeout bounds the wait for an acknowledgement when the context has no deadline; 30 s.
	AckTimeout time.Duration
	// CleanupEmptyNamespaces removes a dynamic namespace when its last socket has gone.
	CleanupEmptyNamespaces bool

	// ClientFiles holds the official client's bundle (its npm package's dist folder), served under its eight names below
	// Path. Nil serves none. ClientVersion is the bundle's version, for the ETag.
	ClientFiles   fs.FS
	ClientVersion string

	MaxNamespaces  int // joined by one connection; 16
	MaxAttachments int // binary parts of one packet; 10
	MaxPendingAcks int // acknowledgements one socket may owe us; 1000
	// MaxQueuedEvents is how many events of one socket may wait for its handlers; 1024. Then its connection is not read,
	// which slows the client down.
	MaxQueuedEvents int

	Logger *slog.Logger // slog.Default
}

// RecoveryOptions configure connection state recovery.
type RecoveryOptions struct {
	MaxDisconnection time.Duration // how long a client may be away; 2 min
	// SkipMiddlewares lets a recovered client in without asking the namespace's middlewares again, as the official server
	// does by default. Here they run again by default, so that a credential that has lost its force lets nobody in.
	SkipMiddlewares bool
	// MaxPackets is how many packets of one namespace the in-memory adapter keeps; 65,536.
	MaxPackets int
}

func (o Options) withDefaults() Options {
	if o.Path == "" {
		o.Path = "/socket.io/"
	}
	if !strings.HasSuffix(o.Path, "/") {
		o.Path += "/"
	}
	if o.Parser == nil {
		o.Parser = parser.JSON{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Engine.Logger == nil {
		o.Engine.Logger = o.Logger
	}
	if o.Recovery != nil {
		r := *o.Recovery
		orDefault(&r.MaxDisconnection, 2*time.Minute)
		orDefault(&r.MaxPackets, 1<<16)
		o.Recovery = &r
	}
	if o.Adapter == nil {
		o.Adapter = newMemory
	}
	orDefault(&o.ConnectTimeout, 45*time.Second)
	orDefault(&o.AckTimeout, 30*time.Second)
	orDefault(&o.MaxNamespaces, 16)
	orDefault(&o.MaxAttachments, parser.MaxAttachments)
	orDefault(&o.MaxPendingAcks, 1000)
	orDefault(&o.MaxQueuedEvents, 1024)
	return o
}

func orDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}
