package client

import (
	"context"
	"sync"

	engine "transportlab/socketio/engineio/client"
	"transportlab/socketio/parser"
)

// A Socket is the client in one namespace. Its handlers run one after the other, in the order in which the events came, in a
// goroutine of their own: a handler may wait, also for an acknowledgement. Its methods may be called concurrently, and do
// not wait unless they say so. Between Connect and Disconnect it is active: it joins its namespace on every new connection,
// until the server refuses it or sends it away.
type Socket struct {
	m         *Manager
	namespace string
	opts      SocketOptions
	events    *dispatch

	// Guarded by Manager.mu.
	auth       credentials
	active     bool
	connected  bool
	joining    *engine.Conn // the connection on which CONNECT was sent, or waits for AuthFunc
	id         string
	recovered  bool
	pid        string // secret of connection state recovery
	lastOffset string // of the last event of the session pid
	early      []incoming
	earlySize  int
	buffered   []*outgoing // events that wait for the namespace
	kept       int         // their bytes, and those of retries
	nextID     uint64
	acks       map[uint64]*pendingAck
	retries    []*retry
	refusal    error         // why the socket is not active
	changed    chan struct{} // closed when connected or active change; nil when nobody waits

	handling sync.Mutex // guards all below
	handlers map[string][]*handler
	catchAll []*handler
	outgoing []*handler
	onError  []func(error)
	joined   []func(context.Context)
	refused  []func(error)
	left     []func(Reason, error)
}

// eventOverhead is about what an event that waits takes beside its data, in bytes.
const eventOverhead = 256

// An incoming is a packet with what was read from its data.
type incoming struct {
	parser.Packet
	name string
	args []parser.Value
	size int
}

func newSocket(m *Manager, namespace string, o SocketOptions) *Socket {
	if o.Retries > 0 && o.AckTimeout <= 0 {
		o.AckTimeout = defaultRetryTimeout
	}
	s := &Socket{m: m, namespace: namespace, opts: o, acks: map[uint64]*pendingAck{}, events: newDispatch(m)}
	s.auth.set(o.Auth, o.AuthFunc)
	return s
}

// Manager returns the socket's manager.
func (s *Socket) Manager() *Manager { return s.m }

// Namespace returns the name of the socket's namespace.
func (s *Socket) Namespace() string { return s.namespace }

// ID returns the id that the server gave the socket for this connection, "" while it is not connected.
func (s *Socket) ID() string {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.id
}

// Connected reports whether the socket is in its namespace.
func (s *Socket) Connected() bool {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.connected
}

// Active reports whether the socket is connected, or tries to be.
func (s *Socket) Active() bool {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.active
}

// Recovered reports whether the last CONNECT continued the session before it: nothing was missed.
func (s *Socket) Recovered() bool {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.recovered
}

// Connect makes the socket active: it joins its namespace now, or as soon as there is a connection.
func (s *Socket) Connect() {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.connected || m.closed {
		return
	}
	s.active, s.refusal = true, nil
	if m.conn != nil {
		s.join()
		return
	}
	m.open()
}

// Wait returns when the socket is connected. If it is not active it fails with what ended that: a *ConnectError,
// ErrDisconnected, ErrClosed, the error of AuthFunc. Failed connections do not end the wait; ctx does.
func (s *Socket) Wait(ctx context.Context) error {
	for {
		s.m.mu.Lock()
		connected, active, refusal := s.connected, s.active, s.refusal
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.m.mu.Unlock()
		switch {
		case connected:
			return nil
		case !active && refusal != nil:
			return refusal
		case !active:
			return ErrDisconnected
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// change wakes Wait. Manager.mu is held.
func (s *Socket) change() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// Disconnect makes the socket leave its namespace; it does not reconnect until Connect. With the last active socket of the
// manager the connection is closed.
func (s *Socket) Disconnect() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.disconnect()
}

// disconnect does as Disconnect. Manager.mu is held.
func (s *Socket) disconnect() {
	if s.connected {
		_ = s.transmit(parser.Packet{Type: parser.Disconnect}) // the connection may be gone
	}
	was := s.connected
	s.retire(nil)
	if was {
		s.lost(ReasonClientDisconnect, nil)
	}
}

// retire makes the socket inactive because of err. Manager.mu is held.
func (s *Socket) retire(err error) {
	if s.active {
		s.active, s.refusal = false, err
		s.change()
		s.m.release()
	}
}

// join sends CONNECT on the manager's connection, once. Manager.mu is held.
func (s *Socket) join() {
	conn := s.m.conn
	if s.joining == conn {
		return
	}
	s.joining = conn
	s.early, s.earlySize = nil, 0
	if s.auth.ask == nil {
		s.present(s.auth.static, s.auth.err)
		return
	}
	ask := s.auth.ask
	s.m.spawn(func() { // ends when the user's function does; its context ends with the manager
		var v any
		err := s.m.guard("AuthFunc", func() (err error) { v, err = ask(s.m.ctx); return err })
		var auth parser.Value
		if err == nil {
			auth, err = encodeAuth(v)
		}
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		switch {
		case s.joining != conn || s.m.conn != conn || s.connected: // by a server that did not wait for CONNECT
		case s.active:
			s.present(auth, err)
		default:
			s.joining = nil
		}
	})
}

// present sends CONNECT with the credentials. Manager.mu is held.
func (s *Socket) present(auth parser.Value, err error) {
	var p parser.Packet
	if err == nil {
		p, err = s.connectPacket(auth)
	}
	if err == nil {
		err = s.transmit(p)
	}
	if err != nil {
		s.refuse(err)
	}
}

// refuse handles a refusal. A server that refuses whom it let in sends it away. Manager.mu is held.
func (s *Socket) refuse(err error) {
	was := s.connected
	s.joining = nil
	s.retire(err)
	if was {
		s.lost(ReasonServerDisconnect, err)
		return
	}
	s.connectFailed(err)
}

// connectFailed tells that the socket could not connect. Manager.mu is held.
func (s *Socket) connectFailed(err error) {
	s.tell("connect_error function", func() {
		for _, f := range snapshot(s, &s.refused) {
			f(err)
		}
	})
}

// lost handles the end of the connection, or of the socket in its namespace. Manager.mu is held.
func (s *Socket) lost(reason Reason, err error) {
	s.connected, s.joining, s.id = false, nil, ""
	s.early, s.earlySize = nil, 0
	s.change()
	s.tell("disconnect function", func() {
		for _, f := range snapshot(s, &s.left) {
			f(reason, err)
		}
	})
	s.failAcks(ErrDisconnected)
}

// tell runs f, which calls functions of the user, in its turn among the handlers. Manager.mu may be held.
func (s *Socket) tell(what string, f func()) {
	s.events.enqueue(0, func() { _ = s.m.guard(what, func() error { f(); return nil }) }) // guard has logged it
}

// snapshot returns a list that handling guards. Lists are replaced, not changed.
func snapshot[T any](s *Socket, list *[]T) []T {
	s.handling.Lock()
	defer s.handling.Unlock()
	return *list
}
