package socketio

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// Reason says why a socket disconnected, in the words of the official server.
type Reason = engineio.Reason

// The reasons of a socket's end beside those of its connection.
const (
	ReasonClientDisconnect Reason = "client namespace disconnect"
	ReasonServerDisconnect Reason = "server namespace disconnect"
)

type socketState uint8

const (
	arriving socketState = iota
	connected
	disconnected
)

// A Socket is one client in one namespace. Its handlers run one after the other, in the order in which the events came, in a
// goroutine of their own: a handler may wait, also for an acknowledgement of the same client. Its methods may be called
// concurrently, and do not wait unless they say so.
type Socket struct {
	client    *client
	namespace string
	auth      parser.Value
	issued    time.Time
	ctx       context.Context // ends when the socket does
	cancel    context.CancelCauseFunc

	// Set before the socket is shown to anybody.
	ns        *Namespace
	id        string
	pid       string
	recovered bool

	// Guarded by the lock of Local.
	rooms       []string // without its own
	leftOwnRoom bool
	gone        bool

	mu          sync.Mutex
	state       socketState
	data        any
	queue       dispatch
	handlers    []*handler // a list: a socket has few, and there are many sockets
	catchAll    []*handler
	outgoing    []*handler
	middlewares []EventMiddleware
	leaving     []func(Reason)
	left        []func(Reason, error)
	onError     []func(error)
	acks        map[uint64]ackFunc
	holding     bool // live packets wait until the missed ones are sent
	held        []heldPacket
	lastRooms   []string // of a socket that has disconnected
}

func newSocket(c *client, p parser.Packet) *Socket {
	s := &Socket{client: c, namespace: p.Namespace, auth: p.Data, issued: time.Now()}
	switch {
	case !c.old():
		s.id = engineio.NewID()
	case s.namespace == "/": // old clients are not told their ids: they make them so
		s.id = c.conn.ID()
	default:
		s.id = s.namespace + "#" + c.conn.ID()
	}
	s.ctx, s.cancel = context.WithCancelCause(c.server.ctx)
	return s
}

// ID returns the socket's public id: 20 characters, unlike the session's id no secret. That of a client of protocol version
// 4 contains the session's id, because such a client expects so.
func (s *Socket) ID() string { return s.id }

// Namespace returns the socket's namespace.
func (s *Socket) Namespace() *Namespace { return s.ns }

// Context returns a context that ends when the socket does, with the error of the connection as its cause.
func (s *Socket) Context() context.Context { return s.ctx }

// Recovered reports whether the socket continues one that was disconnected, see Options.Recovery.
func (s *Socket) Recovered() bool { return s.recovered }

// Conn returns the connection, which the sockets of other namespaces share.
func (s *Socket) Conn() *engineio.Socket { return s.client.conn }

// Request returns the first HTTP request of the connection, without its context and body.
func (s *Socket) Request() *http.Request { return s.client.conn.Request() }

// Handshake describes the client.
func (s *Socket) Handshake() Handshake { return newHandshake(s.Request(), s.issued, s.auth) }

// Connected reports whether the socket is in its namespace.
func (s *Socket) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == connected
}

func (s *Socket) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == disconnected
}

// SetData keeps any value with the socket. FetchSockets shows it to other nodes, and recovery keeps it, as JSON.
func (s *Socket) SetData(v any) {
	s.mu.Lock()
	s.data = v
	s.mu.Unlock()
	if o := s.client.server.observer.Load(); o != nil {
		o.Changed(s)
	}
}

// Data returns what SetData was given, or nil. On a recovered socket it is a parser.Value at first, see DecodeData.
func (s *Socket) Data() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data
}

// DecodeData stores the socket's data in the variable that into points to, by way of JSON.
func (s *Socket) DecodeData(into any) error {
	v, err := s.encodedData()
	if err != nil {
		return err
	}
	return v.Decode(into)
}

func (s *Socket) encodedData() (parser.Value, error) {
	data := s.Data()
	if data == nil {
		return parser.Value{}, nil
	}
	return parser.MarshalOne(data)
}

func (s *Socket) info() (SocketInfo, error) {
	data, err := s.encodedData()
	if o := s.client.server.observer.Load(); o != nil {
		data = o.Describe(s, data)
	}
	return SocketInfo{ID: s.id, Handshake: s.Handshake(), Rooms: s.Rooms(), Data: data}, err
}

// Join adds the socket to rooms. It does nothing when the socket has disconnected.
func (s *Socket) Join(rooms ...string) { s.ns.local.join(s, rooms) }

// Leave takes the socket out of rooms.
func (s *Socket) Leave(rooms ...string) { s.ns.local.leave(s, rooms) }

// Rooms returns the socket's rooms, first the one named by its id. Functions given to OnDisconnecting still see those that
// the socket was in.
func (s *Socket) Rooms() []string {
	s.mu.Lock()
	last := s.lastRooms
	s.mu.Unlock()
	if last != nil {
		return slices.Clone(last)
	}
	s.ns.local.mu.RLock()
	defer s.ns.local.mu.RUnlock()
	if s.gone {
		return nil
	}
	return s.ns.local.roomsOf(s)
}

// Broadcast selects every other socket of the namespace, on all nodes.
func (s *Socket) Broadcast() Broadcast { return s.ns.All().Except(s.id) }

// To selects the other sockets that are in any of the rooms.
func (s *Socket) To(rooms ...string) Broadcast { return s.Broadcast().To(rooms...) }

// Except selects the other sockets that are in none of the rooms.
func (s *Socket) Except(rooms ...string) Broadcast { return s.Broadcast().Except(rooms...) }

// Disconnect takes the client out of the namespace, which then does not reconnect on its own; with closeConnection out of
// all of them, and closes the connection.
func (s *Socket) Disconnect(closeConnection bool) {
	if closeConnection {
		s.client.disconnect()
		return
	}
	if s.Connected() {
		_ = s.write(parser.Packet{Type: parser.Disconnect}, Flags{}) // the client may be gone
	}
	s.end(ReasonServerDisconnect, nil)
}

// OnDisconnecting adds a function that is called when the socket has been taken out of its rooms but Rooms still tells them.
func (s *Socket) OnDisconnecting(f func(reason Reason)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = append(s.leaving, f)
}

// OnDisconnect adds a function that is called after the socket's last event, with the error of the connection if there is
// one.
func (s *Socket) OnDisconnect(f func(reason Reason, err error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, f)
}

// end takes the socket out of its namespace, once.
func (s *Socket) end(reason Reason, err error) {
	s.mu.Lock()
	was, ns := s.state, s.ns
	if was == disconnected {
		s.mu.Unlock()
		return
	}
	s.state = disconnected
	acks := s.acks
	s.acks, s.held = nil, nil
	s.mu.Unlock()

	s.client.remove(s)
	cause := fmt.Errorf("%w: %s", ErrDisconnected, reason)
	if err != nil {
		cause = fmt.Errorf("%w: %w", cause, err)
	}
	s.cancel(cause)
	for _, ack := range acks {
		ack(parser.Value{}, false)
	}
	if was == arriving { // its admission sees the state and cleans up
		return
	}
	rooms := ns.local.remove(s)
	s.mu.Lock()
	s.lastRooms = listed(rooms)
	s.mu.Unlock()
	s.persist(reason, rooms)
	s.enqueue(task{run: func() { s.tellEnd(reason, err) }})
}

func (s *Socket) tellEnd(reason Reason, err error) {
	s.mu.Lock()
	leaving, left := s.leaving, s.left
	s.mu.Unlock()
	for _, f := range leaving {
		_ = s.ns.server.guard("disconnecting handler", func() error { f(reason); return nil }) // guard has logged it
	}
	s.mu.Lock()
	s.lastRooms = []string{}
	s.mu.Unlock()
	for _, f := range left {
		_ = s.ns.server.guard("disconnect handler", func() error { f(reason, err); return nil }) // guard has logged it
	}
	s.ns.server.departed(s.ns)
}

// persistTimeout bounds how long a session takes to be kept. Sessions are kept while the server shuts down, too.
const persistTimeout = 5 * time.Second

// persist keeps the session of a socket that may come back.
func (s *Socket) persist(reason Reason, rooms []string) {
	store, ok := s.ns.adapter.(SessionStore)
	switch reason {
	case ReasonClientDisconnect, ReasonServerDisconnect, engineio.ReasonParseError:
		return
	}
	if !ok || s.pid == "" {
		return
	}
	data, err := s.encodedData()
	if err == nil {
		session := Session{SocketID: s.id, PrivateID: s.pid, Rooms: rooms, Data: data}
		s.ns.server.spawn(func() { // ends when the adapter is done, or with ctx
			ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ns.server.ctx), persistTimeout)
			defer cancel()
			if err := store.PersistSession(ctx, session); err != nil {
				s.ns.server.opts.Logger.Warn("socketio: persisting a session", "namespace", s.namespace, "error", err)
			}
		})
		return
	}
	s.ns.server.opts.Logger.Warn("socketio: data of a session cannot be encoded", "namespace", s.namespace, "error", err)
}
