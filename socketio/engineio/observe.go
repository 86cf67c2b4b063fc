package engineio

import "errors"

// An Observer is told what happens in all sessions of a server, for statistics. A field may be nil. The functions are called
// concurrently, some with the session locked: they must return at once and call none of its methods.
type Observer struct {
	Opened   func(s *Socket)
	Upgraded func(s *Socket)
	Closed   func(s *Socket, reason Reason)
	// Received and Sent are called for each message with the bytes of its data, Sent when it is queued.
	Received, Sent func(bytes int)
}

// ErrObserved means that a server has an observer already.
var ErrObserved = errors.New("server is observed already")

// Observe has o told of everything from now on until stop is called. There is one observer at a time: each packet pays for
// it.
func (s *Server) Observe(o Observer) (stop func(), err error) {
	own := o.complete()
	if !s.observer.CompareAndSwap(nil, &own) {
		return nil, ErrObserved
	}
	return func() { s.observer.CompareAndSwap(&own, nil) }, nil
}

// complete fills the nil fields.
func (o Observer) complete() Observer {
	if o.Opened == nil {
		o.Opened = func(*Socket) {}
	}
	if o.Upgraded == nil {
		o.Upgraded = func(*Socket) {}
	}
	if o.Closed == nil {
		o.Closed = func(*Socket, Reason) {}
	}
	if o.Received == nil {
		o.Received = func(int) {}
	}
	if o.Sent == nil {
		o.Sent = func(int) {}
	}
	return o
}

// PollingSessions returns the number of sessions on HTTP long polling.
func (s *Server) PollingSessions() int {
	s.mu.Lock()
	list := make([]*Socket, 0, len(s.sessions))
	for _, sock := range s.sessions {
		list = append(list, sock)
	}
	s.mu.Unlock()
	n := 0
	for _, sock := range list { // outside of the lock: a session takes the server's lock while it holds its own
		if sock.Transport() == pollingName {
			n++
		}
	}
	return n
}
