package engineio

import (
	"fmt"
	"runtime/debug"
)

// receive handles a packet of the client. An error means that the packet breaks the protocol.
func (s *Socket) receive(p Packet) error {
	s.mu.Lock()
	if s.state != stateOpen {
		closing, reason := s.state == stateClosing, s.ending
		s.mu.Unlock()
		if closing && p.Type == Close { // it goes too, and will not come to hear that it is over
			s.finish(reason, nil)
		}
		return nil
	}
	s.rest.end(s)
	s.beat.seen(p.Type, s)
	if s.old != nil && (p.Type == Ping || p.Type == Pong) {
		defer s.mu.Unlock()
		return s.oldHeartbeat(p.Type)
	}
	s.busy = p.Type == MessagePacket
	tooMany := s.busy && s.tooMany()
	s.mu.Unlock()
	if tooMany {
		s.end(ReasonRateLimit, ErrTooManyMessages)
		return nil
	}
	switch p.Type {
	case Pong, Noop:
		return nil
	case Close:
		s.end(ReasonTransportClose, nil)
		return nil
	case MessagePacket:
		if o := s.server.observer.Load(); o != nil {
			o.Received(len(p.Data))
		}
		defer func() {
			s.mu.Lock()
			s.busy = false
			s.mu.Unlock()
		}()
		return s.deliver(p)
	}
	return fmt.Errorf("%w: a client does not send packet type %d here", ErrMalformed, p.Type)
}

// deliver gives a message to the handler. A panic there ends the session and not the process.
func (s *Socket) deliver(p Packet) (err error) {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	defer func() {
		if v := recover(); v != nil {
			s.server.opts.Logger.Error("engineio: message handler panicked", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("message handler panicked: %v", v)
		}
	}()
	return s.handler.Message(p.Data, p.Binary)
}
