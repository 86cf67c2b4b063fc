package redisadapter

import (
	"transportlab/socketio"
	"transportlab/socketio/internal/cluster"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

// onRequest does what a node asks, which for joins, leaves and disconnects may be this one.
func (a *classic) onRequest(_ string, message []byte) {
	r, err := nodewire.ReadRequest(message)
	if err != nil {
		a.log.Debug("a request of another node was ignored", "error", err)
		return
	}
	if a.ctx.Err() != nil || r.RequestID != "" && a.calls.Own(r.RequestID) {
		return
	}
	if err := a.obey(r); err != nil {
		a.log.Warn("a request of another node was not carried out", "type", int(r.Kind), "node", r.UID, "error", err)
	}
}

func (a *classic) obey(r nodewire.Request) error {
	switch r.Kind {
	case nodewire.RequestSocketIDs:
		a.respond(r, nodewire.Response{Kind: nodewire.RespondSocketIDs, Names: a.local.SocketIDs(r.Rooms)})
	case nodewire.RequestRooms:
		a.respond(r, nodewire.Response{Kind: nodewire.RespondRooms, Names: a.local.Rooms()})
	case nodewire.RequestJoin:
		a.apply(r, socketio.Action{Kind: socketio.ActionJoin, Rooms: r.Rooms})
	case nodewire.RequestLeave:
		a.apply(r, socketio.Action{Kind: socketio.ActionLeave, Rooms: r.Rooms})
	case nodewire.RequestDisconnect:
		a.apply(r, socketio.Action{Kind: socketio.ActionDisconnect, Close: r.Close})
	case nodewire.RequestSockets:
		sockets, err := a.local.FetchSockets(r.Options)
		if err != nil {
			return err
		}
		a.respond(r, nodewire.Response{Kind: nodewire.RespondSockets, Sockets: sockets})
	case nodewire.RequestServerSideEmit:
		a.serverEvent(r)
	case nodewire.RequestBroadcast:
		p := parser.Packet{Type: parser.Event, Namespace: a.local.Name(), Data: r.Data}
		return cluster.DeliverWithAck(a.ctx, a.local, p, r.Options,
			func(sockets int) { a.respond(r, nodewire.Response{Kind: nodewire.RespondDelivered, Count: sockets}) },
			func(answer parser.Value) { a.respond(r, nodewire.Response{Kind: nodewire.RespondAck, Data: answer}) })
	}
	return nil
}

// apply obeys a join, leave or disconnect. In the form of old versions it names one socket, whose node answers.
func (a *classic) apply(r nodewire.Request, action socketio.Action) {
	if r.SocketID == "" {
		a.local.Apply(r.Options, action)
		return
	}
	if !a.local.HasSocket(r.SocketID) {
		return
	}
	a.local.Apply(socketio.BroadcastOptions{Rooms: []string{r.SocketID}}, action)
	a.respond(r, nodewire.Response{Kind: nodewire.RespondDone})
}

func (a *classic) serverEvent(r nodewire.Request) {
	if r.UID == a.uid {
		return
	}
	var answer func(parser.Value)
	if r.RequestID != "" {
		// This answer goes to the common channel whatever the options say, as it always did.
		common := r
		common.UID = ""
		answer = func(v parser.Value) {
			a.respond(common, nodewire.Response{Kind: nodewire.RespondServerSideEmit, Data: v})
		}
	}
	a.local.ServerSideEmit(r.Data, answer)
}

// respond answers a request. It does not wait for Redis; a failure is logged there.
func (a *classic) respond(r nodewire.Request, response nodewire.Response) {
	response.RequestID = r.RequestID
	b, err := response.Encode()
	if err != nil {
		a.log.Warn("an answer to another node cannot be encoded", "error", err)
		return
	}
	channel := a.responseChannel
	if a.opts.PublishOnSpecificResponseChannel && r.UID != "" {
		channel += r.UID + "#"
	}
	if err := a.link.Send(a.ctx, publish(channel, b)); err != nil {
		a.log.Warn("an answer did not reach the other node", "error", err)
	}
}
