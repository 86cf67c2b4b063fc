package socketio

import (
	"context"
	"errors"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// admission returns the task that admits a socket to its namespace or refuses it. It is the first of the socket's tasks.
func (s *Socket) admission(auth parser.Value) func() {
	return func() {
		if err := s.admit(auth); err != nil {
			s.abandon()
			_ = s.refuse(err) // the client may be gone
		}
	}
}

func (s *Socket) admit(auth parser.Value) error {
	ns, ok := s.client.server.lookup(s.ctx, s.namespace, auth)
	if !ok {
		return &ConnectError{Message: "Invalid namespace"}
	}
	defer s.client.server.departed(ns)
	defer ns.arrive(-1)
	if err := ns.open(); err != nil {
		s.client.server.opts.Logger.Error("socketio: namespace has no adapter", "error", err)
		return &ConnectError{Message: "Service unavailable"}
	}
	s.mu.Lock()
	s.ns = ns
	s.mu.Unlock()
	missed := s.recover(auth)
	if recovery := ns.server.opts.Recovery; !s.recovered || !recovery.SkipMiddlewares {
		if err := ns.admit(s); err != nil {
			return err
		}
	}
	if !s.welcome(missed) {
		return ErrDisconnected // nobody is there to hear it
	}
	ns.connected(s)
	return nil
}

// recover gives the socket the identity that the client had, and returns what it missed. A client that cannot be recovered
// is a new one.
func (s *Socket) recover(auth parser.Value) (missed []parser.Value) {
	store, ok := s.ns.adapter.(SessionStore)
	if s.ns.server.opts.Recovery == nil || !ok || s.client.old() {
		return nil
	}
	s.pid = engineio.NewID()
	var wish struct {
		PID    *string `json:"pid"`
		Offset *string `json:"offset"`
	}
	if err := auth.Decode(&wish); err != nil || wish.PID == nil || wish.Offset == nil {
		return nil
	}
	fresh := s.id
	missed, err := store.RestoreSession(s.ctx, *wish.PID, *wish.Offset, func(session Session) {
		s.mu.Lock()
		s.id, s.pid, s.holding, s.data = session.SocketID, session.PrivateID, true, session.Data
		s.mu.Unlock()
		s.ns.local.join(s, session.Rooms)
	})
	if err == nil {
		s.recovered = true
		return missed
	}
	if !errors.Is(err, ErrNoSession) {
		s.ns.server.opts.Logger.Warn("socketio: restoring a session", "namespace", s.namespace, "error", err)
	}
	s.ns.local.forgetRooms(s)
	s.mu.Lock()
	s.id, s.pid, s.holding, s.held, s.data = fresh, engineio.NewID(), false, nil, nil
	s.mu.Unlock()
	return nil
}

// welcome makes the socket a member and tells the client, what it missed first.
func (s *Socket) welcome(missed []parser.Value) bool {
	answer := struct {
		SID string `json:"sid"`
		PID string `json:"pid,omitempty"`
	}{s.id, s.pid}
	payload, err := parser.MarshalOne(answer)
	if err != nil { // two strings
		panic(err)
	}
	if s.client.old() {
		payload = parser.Value{}
	}
	s.mu.Lock()
	if s.state != arriving {
		s.mu.Unlock()
		return false
	}
	s.state = connected
	s.mu.Unlock()
	// From here on broadcasts reach the socket. A client keeps what comes before the CONNECT packet until that is there.
	if !s.ns.local.add(s) {
		return false
	}
	s.client.joined()
	known := map[string]bool{}
	for _, data := range missed {
		if last, ok := lastString(data); ok {
			known[last] = true
		}
		_ = s.write(parser.Packet{Type: parser.Event, Data: data}, Flags{}) // a client that is gone misses it again
	}
	if out, err := s.encode(parser.Packet{Type: parser.Connect, Data: payload}, Flags{}); err == nil {
		out[len(out)-1] = out[len(out)-1].Alone()
		_ = s.client.conn.Send(out...) // as above
	}
	s.releaseHeld(known)
	return true
}

// lastString returns the last element of an array if it is a string: the offset of a recoverable packet.
func lastString(array parser.Value) (text string, ok bool) {
	list, err := array.Elements()
	if err != nil || len(list) == 0 || list[len(list)-1].Decode(&text) != nil {
		return "", false
	}
	return text, true
}

// refuse tells the client why it may not join.
func (s *Socket) refuse(err error) error {
	payload := struct {
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}{Message: err.Error()}
	var own *ConnectError
	if errors.As(err, &own) {
		payload.Message, payload.Data = own.Message, own.Data
	}
	var content any = payload
	if s.client.old() {
		if content = payload.Data; content == nil {
			content = payload.Message
		}
	}
	v, err := parser.MarshalOne(content)
	if err != nil || len(v.Attachments) > 0 {
		payload.Data = nil
		v, err = parser.MarshalOne(payload)
	}
	if err != nil {
		return err
	}
	return s.write(parser.Packet{Type: parser.ConnectError, Data: v}, Flags{})
}

// abandon ends a socket that was not admitted.
func (s *Socket) abandon() {
	s.mu.Lock()
	s.state = disconnected
	s.mu.Unlock()
	s.client.remove(s)
	if s.ns != nil {
		s.ns.local.remove(s)
	}
	s.cancel(context.Canceled)
}
