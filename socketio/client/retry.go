package client

import (
	"time"

	"transportlab/socketio/parser"
)

const defaultRetryTimeout = 10 * time.Second

// A retry is an event that is sent until it is acknowledged, or SocketOptions.Retries are used up.
type retry struct {
	packet  parser.Packet
	size    int
	timeout time.Duration
	done    ackFunc // may be nil
	tries   int
	pending bool // sent, and not acknowledged yet
}

// enqueueRetry adds an event to the queue. Manager.mu is held.
func (s *Socket) enqueueRetry(p parser.Packet, timeout time.Duration, done ackFunc) (forget func(), err error) {
	r := &retry{packet: p, size: newOutgoing(p).size, timeout: timeout, done: done}
	switch {
	case s.m.closed:
		return nil, ErrClosed
	case s.kept+r.size > s.m.opts.SendBuffer:
		return nil, ErrBufferFull
	}
	s.kept += r.size
	s.retries = append(s.retries, r)
	s.drainRetries(false)
	return func() { // the event stays in the queue: it was accepted
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		r.done = nil
	}, nil
}

// drainRetries sends the first event of the queue, unless it was sent already; with force also then, because it was lost
// with a connection. Manager.mu is held.
func (s *Socket) drainRetries(force bool) {
	if !s.connected || len(s.retries) == 0 || s.retries[0].pending && !force {
		return
	}
	r := s.retries[0]
	r.pending = true
	r.tries++
	_, err := s.dispatch(r.packet, Sender{s: s, timeout: r.timeout}, func(args []parser.Value, err error) { s.retried(r, args, err) })
	if err != nil {
		r.pending = false // the next connection tries again
	}
}

// retried handles the end of one attempt. Manager.mu is held.
func (s *Socket) retried(r *retry, args []parser.Value, err error) {
	if len(s.retries) == 0 || s.retries[0] != r {
		return
	}
	r.pending = false
	if err == nil || r.tries > s.opts.Retries {
		s.retries = s.retries[1:]
		s.kept -= r.size
		if r.done != nil {
			r.done(args, err)
		}
	}
	s.drainRetries(false)
}
