package socketio

import (
	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// An Observer is told what happens to the sockets of all namespaces of a server, those that are made later included. A field
// may be nil. The functions are called concurrently and must not wait.
type Observer struct {
	// Connected is called for each socket that has joined its namespace, before the namespace's connect functions.
	Connected func(s *Socket)
	// Changed is called after Socket.SetData.
	Changed func(s *Socket)
	// Joined and Left tell of a socket's rooms, the one named by its own id included. The namespace is locked: they must
	// call no method of the socket but ID and Namespace, whose Name is the only one that may be called.
	Joined, Left func(s *Socket, room string)
	// Describe returns the data that FetchSockets shows of a socket, here and on other nodes, in place of data.
	Describe func(s *Socket, data parser.Value) parser.Value
}

// Observe has o told of everything from now on until stop is called. There is one observer at a time; another is refused
// with engineio.ErrObserved.
func (s *Server) Observe(o Observer) (stop func(), err error) {
	own := o.complete()
	if !s.observer.CompareAndSwap(nil, &own) {
		return nil, engineio.ErrObserved
	}
	return func() { s.observer.CompareAndSwap(&own, nil) }, nil
}

// complete fills the nil fields.
func (o Observer) complete() Observer {
	if o.Connected == nil {
		o.Connected = func(*Socket) {}
	}
	if o.Changed == nil {
		o.Changed = func(*Socket) {}
	}
	if o.Joined == nil {
		o.Joined = func(*Socket, string) {}
	}
	if o.Left == nil {
		o.Left = func(*Socket, string) {}
	}
	if o.Describe == nil {
		o.Describe = func(_ *Socket, data parser.Value) parser.Value { return data }
	}
	return o
}

// Namespaces returns the namespaces there are, in no order.
func (s *Server) Namespaces() []*Namespace {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Namespace, 0, len(s.namespaces))
	for _, ns := range s.namespaces {
		list = append(list, ns)
	}
	return list
}

// Lookup returns the namespace that a client without credentials would get for the name: one that exists, or one that a
// dynamic namespace now makes. Unlike Of it makes no others.
func (s *Server) Lookup(name string) (*Namespace, bool) {
	ns, ok := s.lookup(s.ctx, name, parser.Value{})
	if ok {
		ns.arrive(-1)
	}
	return ns, ok
}
