package client

import (
	"slices"
	"time"

	"transportlab/socketio/parser"
)

// An ackFunc takes the arguments of an acknowledgement, or why there is none. It is called with Manager.mu held and must not
// wait.
type ackFunc func(args []parser.Value, err error)

type pendingAck struct {
	out   *outgoing
	done  ackFunc
	timer *time.Timer // nil: no time-out
}

// expect waits for the acknowledgement of out. Manager.mu is held.
func (s *Socket) expect(out *outgoing, timeout time.Duration, done ackFunc) {
	if timeout <= 0 {
		timeout = s.opts.AckTimeout
	}
	a := &pendingAck{out: out, done: done}
	if timeout > 0 {
		a.timer = time.AfterFunc(timeout, func() {
			s.m.mu.Lock()
			defer s.m.mu.Unlock()
			if s.acks[out.packet.ID] == a {
				s.forget(out)
				done(nil, ErrAckTimeout)
			}
		})
	}
	s.acks[out.packet.ID] = a
	if s.m.awaited++; s.m.awaited == 1 {
		s.m.wake()
	}
}

// take ends the wait for an acknowledgement and returns it, or nil. Manager.mu is held.
func (s *Socket) take(id uint64) *pendingAck {
	a := s.acks[id]
	if a == nil {
		return nil
	}
	delete(s.acks, id)
	s.m.awaited--
	if a.timer != nil {
		a.timer.Stop()
	}
	return a
}

// acknowledged hands an acknowledgement to whom it waits for. One that nobody waits for is ignored. Manager.mu is held.
func (s *Socket) acknowledged(id uint64, args []parser.Value) {
	if a := s.take(id); a != nil {
		a.done(args, nil)
	}
}

// forget ends the interest in an event: its acknowledgement, and itself if it was not sent yet. Manager.mu is held.
func (s *Socket) forget(out *outgoing) {
	if !out.packet.HasID {
		return
	}
	s.take(out.packet.ID)
	if i := slices.Index(s.buffered, out); i >= 0 {
		s.buffered = slices.Delete(s.buffered, i, i+1)
		s.kept -= out.size
	}
}

// failAcks ends the waits for acknowledgements of events that were sent. Manager.mu is held.
func (s *Socket) failAcks(err error) {
	for id, a := range s.acks {
		if !slices.Contains(s.buffered, a.out) {
			s.take(id)
			a.done(nil, err)
		}
	}
}

// failAll ends all waits and forgets what was kept. Manager.mu is held.
func (s *Socket) failAll(err error) {
	s.buffered, s.kept = nil, 0
	retries := s.retries
	s.retries = nil
	s.failAcks(err)
	for _, r := range retries {
		if r.done != nil {
			r.done(nil, err)
		}
	}
}
