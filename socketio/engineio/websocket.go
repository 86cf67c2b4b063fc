package engineio

import (
	"errors"
	"net/http"
)

// serveWebSocket takes a WebSocket: a new session when sock is nil, else the one that sock may move to.
func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, sock *Socket) {
	if sock != nil {
		s.serveUpgrade(w, r, sock)
		return
	}
	sock, refused := s.newSocket(r, websocketName)
	if refused != nil {
		s.refuse(w, r, true, refused)
		return
	}
	if s.opts.InitialHeaders != nil {
		s.opts.InitialHeaders(w.Header(), r)
	}
	ws := s.acceptWithHeaders(w, r)
	if ws == nil {
		return
	}
	sock.ws = ws
	sock.queue = []*Message{s.openMessage(sock.id, websocketName)} // before whatever connect sends
	sock.queued = sock.queue[0].Size()
	if !s.reserve() { // for the reading goroutine
		ws.cut(closeGoingAway, "")
		return
	}
	if !s.open(sock) {
		s.work.Done()
		ws.cut(closeGoingAway, "")
		return
	}
	sock.mu.Lock()
	if sock.state != stateClosed {
		sock.startFlush()
	}
	sock.mu.Unlock()
	s.read(ws, sock)
}

// acceptWithHeaders answers the opening handshake with the headers that every answer has.
func (s *Server) acceptWithHeaders(w http.ResponseWriter, r *http.Request) *wsConn {
	if s.opts.CORS != nil {
		s.opts.CORS.headers(w.Header(), r)
	}
	if s.opts.Headers != nil {
		s.opts.Headers(w.Header(), r)
	}
	return s.accept(w, r)
}

// read starts the one goroutine of a WebSocket. It is a new one so that net/http's, with its grown stack and its buffers,
// can go. The caller has counted it in s.work.
func (s *Server) read(ws *wsConn, sock *Socket) {
	go s.readAll(ws, sock) // ends when the connection does, which the heartbeat and closeLinger see to
}

func (s *Server) readAll(ws *wsConn, sock *Socket) {
	for {
		ws.await()
		if !sock.readPending(ws) {
			break
		}
		if ws.quiet() {
			s.read(ws, sock) // this goroutine's stack has grown, and the next message may be long in coming
			return
		}
	}
	ws.linger()
	ws.in.pending = nil
	ws.giveBack()
	_ = ws.conn.Close() // it is over
	s.work.Done()
}

// readPending handles the message that has begun to arrive and those behind it that are here already. It reports whether
// there may be more.
func (s *Socket) readPending(ws *wsConn) bool {
	for more := true; more; more = ws.ready() {
		if !s.readOne(ws) {
			return false
		}
	}
	ws.giveBack()
	return true
}

// readOne handles one message of a WebSocket and reports whether there may be more.
func (s *Socket) readOne(ws *wsConn) bool {
	m, ok, err := ws.next()
	var v *violation
	if errors.As(err, &v) {
		ws.goodbye(v.code, v.Error())
	}
	if err != nil {
		s.connectionEnded(ws, err)
		return false
	}
	if !ok {
		return true
	}
	p, err := ws.decode(m)
	if s.carries(ws) {
		if err == nil {
			err = s.receive(p)
		}
		if err != nil {
			s.end(ReasonParseError, err)
		}
		return true
	}
	if err != nil || !s.probe(ws, p) {
		s.dropUpgrade(ws)
		ws.goodbye(closeNormal, "")
	}
	return true
}

// carries reports whether ws is the session's transport.
func (s *Socket) carries(ws *wsConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ws == ws
}

// connectionEnded ends the session, or the upgrade, that the WebSocket belonged to.
func (s *Socket) connectionEnded(ws *wsConn, err error) {
	s.dropUpgrade(ws)
	if !s.carries(ws) {
		return
	}
	reason, err := readReason(err)
	s.detach(reason, err, s.server.closing)
}
