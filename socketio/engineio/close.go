package engineio

import (
	"errors"
	"os"
	"time"
)

// closeGrace is how long a polling client that is told to go may take to come and hear it.
const closeGrace = 30 * time.Second

// Close ends the session after what is queued has been sent, with ReasonForcedClose.
func (s *Socket) Close() { s.close(ReasonForcedClose) }

func (s *Socket) shutdown() { s.close(ReasonShutdown) }

func (s *Socket) close(reason Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != stateOpen {
		return
	}
	s.state, s.ending = stateClosing, reason
	s.beat.stop()
	if s.ws == nil && s.poll == nil {
		s.beat.after(closeGrace, s) // the next poll fetches the close packet
		return
	}
	s.startFlush()
}

// abort ends the session at once; what is queued is lost. A WebSocket client is told why if that does not take time.
func (s *Socket) abort(reason Reason, err error) {
	ws, _ := s.detach(reason, err, s.server.closing)
	if ws != nil {
		ws.cut(closeCode(reason), string(reason))
	}
}

// end ends the session at once because of what the client sent, and closes a WebSocket in good order.
func (s *Socket) end(reason Reason, err error) {
	poll := s.server.noop
	if reason != ReasonTransportClose {
		poll = s.server.closing
	}
	ws, _ := s.detach(reason, err, poll)
	if ws != nil {
		ws.goodbye(closeCode(reason), string(reason))
	}
}

// finish ends a session that has said everything.
func (s *Socket) finish(reason Reason, err error) { s.detach(reason, err, s.server.closing) }

// detach moves the session to stateClosed, once, and returns its WebSocket for the caller to close. A parked poll is
// answered with last, an upgrade in progress is cut.
func (s *Socket) detach(reason Reason, err error, last *Message) (ws *wsConn, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == stateClosed {
		return nil, false
	}
	s.state = stateClosed
	if o := s.server.observer.Load(); o != nil {
		o.Closed(s, reason)
	}
	s.beat.stop()
	s.queue, s.spare = nil, nil
	s.dequeued(s.queued)
	parked := s.poll != nil
	if parked {
		s.poll.release(last)
		s.poll = nil
	}
	if s.upgrade != nil && s.upgrade.ws != nil {
		s.upgrade.timer.Stop()
		s.upgrade.ws.cut(closeNormal, "")
	}
	s.upgrade = nil
	if reason == ReasonTransportClose && s.ws == nil && last == s.server.noop && !parked {
		s.crossing = true
		time.AfterFunc(crossingTime, func() { s.server.forget(s) })
	} else {
		s.server.forget(s)
	}
	go func() { // ends when the handler has heard of it
		defer s.server.work.Done() // the session's own count, see Server.reserve
		s.handler.Closed(reason, err)
	}()
	return s.ws, true
}

// crossingTime is how long the poll of a client that has closed its session may come after its close packet: the two travel
// on different connections. It is answered as if it had come before.
const crossingTime = time.Second

// gone reports whether the session has ended and only a crossing poll may still come.
func (s *Socket) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == stateClosed
}

// WebSocket close codes (RFC 6455, section 7.4, and this package's own).
const (
	closeNormal       = 1000
	closeGoingAway    = 1001
	closeProtocol     = 1002
	closeInvalidData  = 1007
	closePolicy       = 1008
	closeTooBig       = 1009
	closeSlowConsumer = 4008
	closeSilent       = 4012
)

func closeCode(r Reason) int {
	switch r {
	case ReasonShutdown:
		return closeGoingAway
	case ReasonParseError:
		return closeProtocol
	case ReasonRateLimit:
		return closePolicy
	case ReasonSlowConsumer:
		return closeSlowConsumer
	case ReasonPingTimeout:
		return closeSilent
	}
	return closeNormal
}

func writeReason(err error) Reason {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ReasonSlowConsumer
	}
	return ReasonTransportError
}
