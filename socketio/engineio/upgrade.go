package engineio

import (
	"net/http"
	"time"
)

// An upgrade is a WebSocket that wants to become a session's transport. It is guarded by the session's lock.
type upgrade struct {
	ws      *wsConn // nil: its handshake is not over
	probed  bool
	expires time.Time
	timer   *time.Timer
}

// releaseInterval is how often a poll is released while a client waits for its end to finish an upgrade.
const releaseInterval = 100 * time.Millisecond

func (s *Server) serveUpgrade(w http.ResponseWriter, r *http.Request, sock *Socket) {
	u := sock.claimUpgrade() // before the answer: who is answered first is the first
	ws := s.acceptWithHeaders(w, r)
	if !sock.beginUpgrade(u, ws) && ws != nil {
		ws.cut(closeNormal, "")
	}
}

// claimUpgrade returns a place for a WebSocket that is about to be, or nil: there is one upgrade at a time, and one transport.
func (s *Socket) claimUpgrade() *upgrade {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != stateOpen || s.ws != nil || s.upgrade != nil {
		return nil
	}
	s.upgrade = &upgrade{}
	return s.upgrade
}

// beginUpgrade puts the WebSocket into its place. If there is none for it, or no WebSocket, it frees the place.
func (s *Socket) beginUpgrade(u *upgrade, ws *wsConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u == nil || s.upgrade != u {
		return false
	}
	if ws == nil {
		s.upgrade = nil
		return false
	}
	timeout := s.server.opts.UpgradeTimeout
	u.ws, u.expires, u.timer = ws, time.Now().Add(timeout), time.AfterFunc(timeout, s.upgradeDue)
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
