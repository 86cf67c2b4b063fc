package cluster

import (
	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

// Receive does what another node says. offset is the message's position, if it has one.
func (n *Node) Receive(m nodewire.Message, offset string) {
	if m.UID == n.UID || m.Namespace != n.local.Name() || n.ctx.Err() != nil {
		return
	}
	if err := n.obey(m, offset); err != nil {
		n.log.Warn("a message of another node was not carried out", "type", int(m.Kind), "node", m.UID, "error", err)
	}
}

func (n *Node) obey(m nodewire.Message, offset string) error {
	switch m.Kind {
	case nodewire.Broadcast:
		if m.RequestID != "" {
			packet := parser.Packet{Type: parser.Event, Namespace: n.local.Name(), Data: m.Data}
			return DeliverWithAck(n.ctx, n.local, packet, m.Options,
				func(sockets int) {
					n.respond(m, nodewire.Message{Kind: nodewire.BroadcastDelivered, Count: sockets})
				},
				func(answer parser.Value) {
					n.respond(m, nodewire.Message{Kind: nodewire.BroadcastAnswer, Data: answer})
				})
		}
		return n.Deliver(m, offset)
	case nodewire.Join:
		n.local.Apply(m.Options, socketio.Action{Kind: socketio.ActionJoin, Rooms: m.Rooms})
	case nodewire.Leave:
		n.local.Apply(m.Options, socketio.Action{Kind: socketio.ActionLeave, Rooms: m.Rooms})
	case nodewire.Disconnect:
		n.local.Apply(m.Options, socketio.Action{Kind: socketio.ActionDisconnect, Close: m.Close})
	case nodewire.FetchSockets:
		sockets, err := n.local.FetchSockets(m.Options)
		if err != nil {
			return err
		}
		n.respond(m, nodewire.Message{Kind: nodewire.FetchedSockets, Sockets: sockets})
	case nodewire.ServerSideEmit:
		var answer func(parser.Value)
		if m.RequestID != "" {
			answer = func(v parser.Value) { n.respond(m, nodewire.Message{Kind: nodewire.ServerSideAnswer, Data: v}) }
		}
		n.local.ServerSideEmit(m.Data, answer)
	case nodewire.FetchedSockets, nodewire.ServerSideAnswer:
		n.calls.Answer(m.RequestID, m)
	case nodewire.BroadcastDelivered:
		if sink := n.calls.Sink(m.RequestID); sink != nil {
			sink.Expect(m.Count)
		}
	case nodewire.BroadcastAnswer:
		if sink := n.calls.Sink(m.RequestID); sink != nil {
			sink.Ack(m.Data)
		}
	}
	return nil
}

// Deliver gives a broadcast without acknowledgement to the sockets here, with its offset if clients may ask for it again.
func (n *Node) Deliver(m nodewire.Message, offset string) error {
	packet := parser.Packet{Type: parser.Event, Namespace: n.local.Name(), Data: m.Data}
	packet, err := n.withOffset(packet, m.Options, offset)
	if err != nil {
		return err
	}
	return n.local.Broadcast(packet, m.Options)
}

func (n *Node) respond(question, answer nodewire.Message) {
	answer.UID, answer.Namespace, answer.RequestID = n.UID, n.local.Name(), question.RequestID
	n.carrier.Respond(question.UID, answer)
}

// Malformed logs a message that could not be read, for carriers.
func (n *Node) Malformed(err error) {
	n.log.Debug("a message of another node was ignored", "error", err)
}
