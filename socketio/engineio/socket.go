package engineio

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
)

type state uint8

const (
	stateOpen    state = iota
	stateClosing       // what is queued goes out, nothing comes in
	stateClosed
)

// A Socket is one session. Its methods may be called concurrently and never wait for the client. It ends when the client
// goes or falls silent, or by Close; then Handler.Closed is called.
type Socket struct {
	server  *Server
	id      string
	request *http.Request
	began   string   // transport of the handshake
	old     *dialect // of the polling transport; nil: the client speaks version 4
	handler Handler

	receiving sync.Mutex // held while Handler.Message runs

	mu       sync.Mutex
	state    state
	ending   Reason     // with stateClosing: what Closed will be told
	queue    []*Message // waiting to be sent, in order
	spare    []*Message // an empty queue to swap with, kept while it is small
	queued   int        // bytes of queue and of what is being written
	flushing bool       // a goroutine writes to ws, or is about to
	rest     rest
	ws       *wsConn // nil: the session polls
	poll     *parkedPoll
	posting  bool // a POST is being read
	upgrade  *upgrade
	beat     heartbeat
	messages meter
	busy     bool          // Handler.Message is running
	crossing bool          // the session has ended and its last poll may be on its way
	sent     chan struct{} // if not nil, closed when less is queued
}

// newSocket makes a session that nobody knows yet.
func (s *Server) newSocket(r *http.Request, transport string) (*Socket, *refusal) {
	id, err := s.opts.GenerateID(r)
	if err != nil || !validID(id) {
		return nil, &refusal{code: CodeBadRequest, cause: fmt.Sprintf("GenerateID: error %v, id of %d bytes", err, len(id))}
	}
	// Without the context, which would keep the whole HTTP connection alive.
	sock := &Socket{server: s, id: id, began: transport, old: parseQuery(r).dialect(), request: r.WithContext(context.Background())}
	return sock, nil
}

func (s *Socket) version() string {
	if s.old != nil {
		return oldVersion
	}
	return protocolVersion
}

// Protocol returns the version of the protocol that the client speaks, 4 or, with Options.AllowEIO3, 3.
func (s *Socket) Protocol() int { return int(s.version()[0] - '0') }

// validID keeps ids out of trouble in URLs, cookies and logs.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// open shows a new session to the user, makes it known and starts its heartbeat. It reports whether that went well; if not,
// the session has ended.
func (s *Server) open(sock *Socket) bool {
	if !s.reserve() {
		return false
	}
	if o := s.observer.Load(); o != nil {
		o.Opened(sock)
	}
	sock.handler = s.connect(sock)
	if s.opts.InitialPacket != nil {
		_ = sock.Send(s.opts.InitialPacket) // fails only on a session that has ended
	}
	if !s.register(sock) {
		sock.abort(ReasonShutdown, ErrServerClosed)
		return false
	}
	sock.mu.Lock()
	state := sock.state
	if state == stateOpen {
		sock.beat.start(sock)
	}
	sock.mu.Unlock()
	if state == stateClosed { // by connect, before it was registered
		s.forget(sock)
		return false
	}
	if h, ok := sock.handler.(Starter); ok {
		h.Started()
	}
	return true
}

// ID returns the session's id, a secret between client and server: who knows it can read and write the session.
func (s *Socket) ID() string { return s.id }

// Request returns the request of the handshake, without its context and body.
func (s *Socket) Request() *http.Request { return s.request }

// RemoteAddr returns the address of the peer at the handshake.
func (s *Socket) RemoteAddr() net.Addr { return address(s.request.RemoteAddr) }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// Transport returns "polling" or "websocket".
func (s *Socket) Transport() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws != nil {
		return websocketName
	}
	return pollingName
}

// Upgraded reports whether the session began on another transport than it has.
func (s *Socket) Upgraded() bool { return s.Transport() != s.began }
