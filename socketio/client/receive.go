package client

import "transportlab/socketio/parser"

// receive handles a packet for the socket. It reports false when the server sends more than it may. Manager.mu is
// held.
func (s *Socket) receive(in incoming) bool {
	if !s.active {
		s.decline(in)
		return true
	}
	switch in.Type {
	case parser.Connect:
		s.receiveConnect(in.Data)
	case parser.Event:
		if s.connected {
			s.event(in)
			return true
		}
		s.early = append(s.early, in)
		s.earlySize += in.size
		return s.earlySize <= s.m.opts.ReceiveBuffer
	case parser.Ack:
		s.acknowledged(in.ID, in.args)
	case parser.Disconnect:
		s.retire(ErrDisconnected)
		s.lost(ReasonServerDisconnect, nil)
	case parser.ConnectError:
		s.refuse(readConnectError(in.Data))
	}
	return true
}

// decline leaves a namespace again that the server let the socket into when it did not want to any more. Nothing else
// concerns a socket that is not active.
func (s *Socket) decline(in incoming) {
	if s.joining != s.m.conn || in.Type != parser.Connect && in.Type != parser.ConnectError {
		return
	}
	s.joining = nil
	if in.Type == parser.Connect {
		_ = s.transmit(parser.Packet{Type: parser.Disconnect}) // the connection may be gone
	}
}

// receiveConnect lets the socket in: first come the events that the server sent before, then what waited to be sent goes
// out, then the functions of OnConnect are called.
func (s *Socket) receiveConnect(payload parser.Value) {
	var hello struct {
		SID string `json:"sid"`
		PID string `json:"pid"`
	}
	if s.connected { // once is enough
		return
	}
	if err := payload.Decode(&hello); err != nil || hello.SID == "" {
		s.connectFailed(ErrOldServer)
		return
	}
	s.id, s.connected = hello.SID, true
	s.recovered = hello.PID != "" && hello.PID == s.pid
	if !s.recovered {
		s.lastOffset = ""
	}
	s.pid = hello.PID
	early := s.early
	s.early, s.earlySize = nil, 0
	for _, in := range early {
		s.event(in)
	}
	s.flush()
	s.drainRetries(true)
	s.change()
	s.tell("connect function", func() {
		for _, f := range snapshot(s, &s.joined) {
			f(s.m.ctx)
		}
	})
}

// event queues an event for the handlers and remembers the offset that it carries.
func (s *Socket) event(in incoming) {
	if s.pid != "" && !in.HasID && len(in.args) > 0 {
		if last := in.args[len(in.args)-1].JSON; len(last) > 0 && last[0] == '"' {
			var offset string
			if in.args[len(in.args)-1].Decode(&offset) == nil {
				s.lastOffset = offset
			}
		}
	}
	e := &Event{Name: in.name, Args: in.args, socket: s, conn: s.m.conn, id: in.ID, wantsAck: in.HasID}
	s.events.enqueue(in.size, func() { s.handle(e) })
}
