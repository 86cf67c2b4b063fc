// Package socketio is the project's own Socket.IO library as a transport of the lab: the same log, over
// events with acknowledgements, so that what differs from the WebSocket transport is framing, heartbeat,
// handshake and upgrade.
//
// The protocol, which bench/peers/node speaks too: Engine.IO's path is /socketio/{topic}, the namespace "/".
//
//	up    "send"         a batch of one message; acknowledged with (epoch, offset) or ({code, message, …})
//	up    "subscribe"    a cursor, "epoch:offset", "" for the oldest message held
//	up    "unsubscribe"
//	down  "batch"        a batch: consecutive messages behind the cursor
//	down  "control"      {"type":"subscribed"}: what follows is behind the cursor that was asked for
//	                     {"type":"gap","epoch":…,"first":…,"last":…}: messages up to first-1 are gone
//	                     {"type":"bye","error":{code, message, …}}: why the connection is about to end
//
// A batch is the one of package wire: a flat JSON array, or, where messages are binary, an attachment in
// the binary form. CONNECT's credentials {"after": cursor} subscribe at once. The errors of requests
// are HTTP's, as on every transport.
package socketio

import (
	"context"
	"encoding/base64"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/push"
	"transportlab/transports/internal/wire"
)

type transport struct {
	o           transports.Options
	name, title string
	dials       []string // Engine.IO's transports, in order
	upgrade     bool     // from the first to the second; otherwise the second is what to fall back to
	rooms       bool
}

func mode(o transports.Options, name, title string, dials ...string) transport {
	return transport{o: o.WithDefaults(), name: name, title: title, dials: dials}
}

// New returns the transport that begins with a WebSocket and falls back to HTTP long polling.
func New(o transports.Options) transports.Transport {
	return mode(o, "socketio", "Socket.IO", client.WebSocket, client.Polling)
}

// NewWebSocket returns the transport on a WebSocket alone.
func NewWebSocket(o transports.Options) transports.Transport {
	return mode(o, "socketio-websocket", "Socket.IO (WebSocket)", client.WebSocket)
}

// NewPolling returns the transport on HTTP long polling alone.
func NewPolling(o transports.Options) transports.Transport {
	return mode(o, "socketio-polling", "Socket.IO (polling)", client.Polling)
}

// NewUpgrade returns the transport that begins with HTTP long polling and moves to a WebSocket, as the
// official client does.
func NewUpgrade(o transports.Options) transports.Transport {
	t := mode(o, "socketio-upgrade", "Socket.IO (upgraded)", client.Polling, client.WebSocket)
	t.upgrade = true
	return t
}

// NewRooms returns New with another server: who has caught up with the log joins a room of the library,
// which fans out.
func NewRooms(o transports.Options) transports.Transport {
	t := mode(o, "socketio-rooms", "Socket.IO (rooms)", client.WebSocket, client.Polling)
	t.rooms = true
	return t
}

func (t transport) Info() transports.Info {
	return transports.Info{Name: t.name, Title: t.title, Push: true, Carriers: []string{"h1", "h1tls"}}
}

// A feed brings sockets what their topics hold.
type feed interface {
	open(s *socketio.Socket, topic string) (place, error)
	// Shutdown ends what the feed does for its sockets and waits for its goroutines.
	Shutdown(ctx context.Context) error
}

// A place is one socket's in a feed.
type place interface {
	subscribe(after transports.Cursor)
	Unsubscribe()
	Bye(e *transports.Error)
	Done() // the socket has gone
}

// A server is the handler. Its sessions' ids end with a tag of their topic, so that a request is of the
// topic that its path names, and that the caller was let in to.
type server struct {
	t        transport
	log      transports.Log
	gate     *endpoint.Endpoint // for its rule of origins
	io       *socketio.Server
	feed     feed
	seed     maphash.Seed
	work     sync.WaitGroup // appends
	draining atomic.Bool
}

func (t transport) NewServer(log transports.Log) transports.Server {
	s := &server{t: t, log: log, gate: endpoint.New(log, t.o), seed: maphash.MakeSeed()}
	engine := engineio.Options{
		PingInterval: t.o.Heartbeat, PingTimeout: push.Patience, MaxPayload: int64(duplex.FrameLimit(t.o)),
		GenerateID:  func(r *http.Request) (string, error) { return engineio.NewID() + s.tag(topicOf(r)), nil },
		CORS:        &engineio.CORS{Origins: t.o.Origins, Methods: []string{"GET", "POST"}},
		WriteBuffer: 16 << 20,
	}
	if t.o.Compression {
		engine.PerMessageDeflate = &engineio.PerMessageDeflate{}
	} else {
		engine.CompressionThreshold = -1
	}
	s.io = socketio.NewServer(socketio.Options{Path: "/", Engine: engine})
	root := s.io.Of("/")
	if t.rooms {
		s.feed = newRooms(root, log, t.o)
	} else {
		s.feed = newCursors(log, t.o)
	}
	root.OnConnect(s.connect)
	return s
}

// topicOf returns the last element of a request's path, which may end with a slash.
func topicOf(r *http.Request) string {
	path := strings.TrimSuffix(r.URL.Path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

func (s *server) tag(topic string) string {
	n := maphash.String(s.seed, topic)
	return base64.RawURLEncoding.EncodeToString([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
}

// errSession refuses a request of another topic's session, or of another node's.
var errSession = &transports.Error{Code: "session", Status: http.StatusBadRequest, Message: "there is no such session here; connect again", Retryable: true}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	topic, sid := topicOf(r), r.URL.Query().Get("sid")
	err := transports.CheckTopic(topic)
	if err == nil {
		err = s.gate.CheckOrigin(w, r)
	}
	if err == nil && sid != "" && !strings.HasSuffix(sid, s.tag(topic)) {
		err = errSession
	}
	if err == nil && sid == "" && s.draining.Load() { // who has a session comes to hear goodbye
		w.Header().Set("Connection", "close")
		err = transports.ErrDraining
	}
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	s.io.ServeHTTP(w, r)
}

// Shutdown implements transports.Server.
func (s *server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	err := s.feed.Shutdown(ctx)
	for _, socket := range s.io.Of("/").Sockets() { // those whose client knows of them before the feed does
		bye(socket, transports.ErrDraining)
	}
	soon, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	if s.io.Drain(soon, 0) != nil && err == nil {
		err = ctx.Err() // otherwise those that were cut off have not come to hear it: they are gone
	}
	s.work.Wait() // appends end with their sockets
	return err
}

// farewell is how long clients that poll have to come and hear that the node goes away.
const farewell = 2 * time.Second

// bye tells a client why its connection ends, and ends it.
func bye(s *socketio.Socket, e *transports.Error) {
	emit(s.Emit, wire.AppendControl(nil, wire.Control{Type: "bye", Error: wire.BodyOf(e)}), false)
	s.Disconnect(true)
}

// emit sends a control, or a batch in either form.
func emit(to func(ctx context.Context, event string, args ...any) error, p []byte, binary bool) error {
	switch {
	case binary:
		return to(context.Background(), "batch", p)
	case wire.IsControl(p):
		return to(context.Background(), "control", parser.Value{JSON: p})
	}
	return to(context.Background(), "batch", parser.Value{JSON: p})
}
