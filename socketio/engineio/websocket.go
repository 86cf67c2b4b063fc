package engineio

import (
	"errors"
	"net/http"
	"time"
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

// An upgrade is a WebSocket that wants to become a session's transport. It is guarded by the session's lock.
type upgrade struct {
	ws      *wsConn
	probed  bool
	expires time.Time
	timer   *time.Timer
}

// releaseInterval is how often a poll is released while a client waits for its end to finish an upgrade.
const releaseInterval = 100 * time.Millisecond

func (s *Server) serveUpgrade(w http.ResponseWriter, r *http.Request, sock *Socket) {
	ws := s.acceptWithHeaders(w, r)
	if ws == nil {
		return
	}
	if !sock.beginUpgrade(ws) { // one upgrade at a time, and one transport
		ws.cut(closeNormal, "")
	}
}

func (s *Socket) beginUpgrade(ws *wsConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != stateOpen || s.ws != nil || s.upgrade != nil {
		return false
	}
	timeout := s.server.opts.UpgradeTimeout
	s.upgrade = &upgrade{ws: ws, expires: time.Now().Add(timeout), timer: time.AfterFunc(timeout, s.upgradeDue)}
	s.server.work.Add(1)
	s.server.read(ws, s)
	return true
}

// upgradeDue releases the poll that the client waits for, and drops an upgrade that takes too long.
func (s *Socket) upgradeDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.upgrade
	if u == nil {
		return
	}
	left := time.Until(u.expires)
	if left <= 0 {
		s.upgrade = nil
		u.ws.cut(closeNormal, "upgrade timed out")
		return
	}
	if s.poll != nil && u.probed {
		s.poll.release(s.server.noop)
		s.poll = nil
	}
	u.timer.Reset(min(releaseInterval, left))
}

// probe handles a packet on a WebSocket that is not yet the transport, and reports whether it was the right one.
func (s *Socket) probe(ws *wsConn, p Packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.upgrade
	if u == nil || u.ws != ws {
		return false
	}
	switch {
	case p.Type == Ping && string(p.Data) == "probe" && !u.probed:
		if _, err := ws.writeBatch([]*Message{newControl(Pong, "probe")}); err != nil {
			return false
		}
		u.probed = true
		u.timer.Reset(min(releaseInterval, time.Until(u.expires)))
		return true
	case p.Type == Upgrade && u.probed:
		u.timer.Stop()
		s.upgrade, s.ws = nil, ws
		if o := s.server.observer.Load(); o != nil {
			o.Upgraded(s)
		}
		if s.poll != nil { // the client has ended its polls before: this one comes from elsewhere, or was overtaken
			s.poll.late = true
			s.poll.release(nil)
			s.poll = nil
		}
		if len(s.queue) > 0 || s.state == stateClosing {
			s.startFlush()
		}
		return true
	}
	return false
}

// dropUpgrade forgets an upgrade that failed; the session stays on polling.
func (s *Socket) dropUpgrade(ws *wsConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.upgrade != nil && s.upgrade.ws == ws {
		s.upgrade.timer.Stop()
		s.upgrade = nil
	}
}
