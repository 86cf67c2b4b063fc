package engineio

import (
	"errors"
	"fmt"
	"time"
)

// A heartbeat watches one session with a single timer and no goroutine. It is guarded by the session's lock.
//
// The server pings after PingInterval and wants a pong within PingTimeout. While it waits, the first other packet of the
// client gives the pong PingTimeout once more: a client that is uploading is not dead.
type heartbeat struct {
	timer     *time.Timer
	due       time.Time // when the timer means something; it may fire earlier after a race with a reset
	waiting   bool      // for a pong
	refreshed bool      // the one extension of this ping is used
}

// A client of protocol version 3 pings, and is silent when it has not done so for PingInterval and PingTimeout.
func (h *heartbeat) start(s *Socket) {
	if s.old != nil {
		h.waiting = true
		h.after(s.server.opts.PingInterval+s.server.opts.PingTimeout, s)
		return
	}
	h.after(s.server.opts.PingInterval, s)
}

// after arms the timer.
func (h *heartbeat) after(d time.Duration, s *Socket) {
	h.at(time.Now().Add(d), s)
}

func (h *heartbeat) at(due time.Time, s *Socket) {
	h.due = due
	d := time.Until(due)
	if h.timer == nil {
		h.timer = time.AfterFunc(d, s.beatDue)
		return
	}
	h.timer.Reset(d)
}

func (h *heartbeat) stop() {
	if h.timer != nil {
		h.timer.Stop()
	}
}

// seen takes note of a packet from the client. A pong that was not asked for is ignored.
func (h *heartbeat) seen(t PacketType, s *Socket) {
	o := &s.server.opts
	switch {
	case s.old != nil:
		if t == Ping {
			h.after(o.PingInterval+o.PingTimeout, s)
		}
	case !h.waiting:
	case t == Pong:
		h.waiting = false
		h.after(o.PingInterval, s)
	case !h.refreshed:
		h.refreshed = true
		h.after(o.PingTimeout, s)
	}
}

// oldHeartbeat answers a ping of protocol version 3; s.mu is held. A client that does not fetch its pongs gets no more.
func (s *Socket) oldHeartbeat(t PacketType) error {
	if t == Pong {
		return fmt.Errorf("%w: a client of version 3 sends no pong", ErrMalformed)
	}
	if s.queued < s.server.opts.WriteBuffer {
		s.queue = append(s.queue, s.server.pongs)
		s.queued += s.server.pongs.Size()
		s.startFlush()
	}
	return nil
}

var errSilent = errors.New("no pong in time")

// beatDue runs when the session's timer fires.
func (s *Socket) beatDue() {
	s.mu.Lock()
	if s.state == stateClosed || time.Now().Before(s.beat.due) {
		s.mu.Unlock()
		return
	}
	if s.state == stateClosing { // a polling client did not come to hear that it is over
		reason := s.ending
		s.mu.Unlock()
		s.abort(reason, nil)
		return
	}
	if s.beat.waiting && !s.busy {
		s.mu.Unlock()
		s.abort(ReasonPingTimeout, errSilent)
		return
	}
	defer s.mu.Unlock()
	if s.beat.waiting { // the handler keeps us from reading: the silence is our own
		s.beat.after(s.server.opts.PingTimeout, s)
		return
	}
	s.beat.waiting, s.beat.refreshed = true, false
	s.queue = append(s.queue, s.server.pings)
	s.queued += s.server.pings.Size()
	s.startFlush()
	// From when the ping was due: a timer that fires late must not give a silent client more time than it was promised.
	s.beat.at(s.beat.due.Add(s.server.opts.PingTimeout), s)
}

// expired ends a session whose pong is overdue though the timer has not fired yet, and reports whether it has ended.
func (s *Socket) expired() bool {
	s.mu.Lock()
	overdue := time.Since(s.beat.due)
	if !s.beat.waiting {
		overdue -= s.server.opts.PingTimeout
	}
	dead := s.state == stateOpen && s.beat.timer != nil && !s.busy && overdue >= 0
	s.mu.Unlock()
	if dead {
		s.abort(ReasonPingTimeout, errSilent)
	}
	return dead
}
