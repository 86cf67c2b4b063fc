package redisadapter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/internal/cluster"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/internal/redislink"
	"transportlab/socketio/parser"
)

// request publishes a request and waits until Redis has it.
func (a *classic) request(ctx context.Context, r nodewire.Request) error {
	r.UID = a.uid
	b, err := r.Encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	if err := a.link.Do(ctx, publish(a.requestChannel, b)); err != nil {
		return unreachable(err)
	}
	return nil
}

var requests = [...]nodewire.RequestKind{
	socketio.ActionJoin: nodewire.RequestJoin, socketio.ActionLeave: nodewire.RequestLeave, socketio.ActionDisconnect: nodewire.RequestDisconnect,
}

// Apply implements socketio.Adapter. This node hears its own request like all others and obeys it then. If it cannot be
// sent, nothing happens anywhere.
func (a *classic) Apply(ctx context.Context, o socketio.BroadcastOptions, action socketio.Action) error {
	if o.Flags.Local {
		a.local.Apply(o, action)
		return nil
	}
	return a.request(ctx, nodewire.Request{Kind: requests[action.Kind], Options: o, Rooms: action.Rooms, Close: action.Close})
}

// FetchSockets implements socketio.Adapter.
func (a *classic) FetchSockets(ctx context.Context, o socketio.BroadcastOptions) ([]socketio.SocketInfo, error) {
	sockets, err := a.local.FetchSockets(o)
	if err != nil || o.Flags.Local {
		return sockets, err
	}
	answers, err := a.ask(ctx, o.Flags.Timeout, nodewire.Request{Kind: nodewire.RequestSockets, Options: o})
	if err != nil {
		return nil, fmt.Errorf("fetch sockets: %w", err)
	}
	for _, r := range answers {
		sockets = append(sockets, r.Sockets...)
	}
	return sockets, nil
}

// ask sends a request and waits for the responses of all other nodes.
func (a *classic) ask(ctx context.Context, timeout time.Duration, r nodewire.Request) ([]nodewire.Response, error) {
	if timeout <= 0 {
		timeout = a.opts.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	count, err := a.ServerCount(ctx)
	if err != nil || count <= 1 {
		return nil, err
	}
	r.RequestID = newUID()
	call := a.calls.Open(r.RequestID, count-1)
	if err := a.request(ctx, r); err != nil {
		cancel()
		_, _ = call.Wait(ctx) // forgets the question
		return nil, err
	}
	return call.Wait(ctx)
}

// ServerCount implements socketio.Cluster.
func (a *classic) ServerCount(ctx context.Context) (int, error) {
	return a.link.Subscribers(ctx, redislink.Channel{Name: a.requestChannel})
}

// BroadcastWithAck implements socketio.Cluster.
func (a *classic) BroadcastWithAck(ctx context.Context, p parser.Packet, o socketio.BroadcastOptions, sink socketio.AckSink) error {
	var away error
	if !o.Flags.Local {
		id := newUID()
		a.calls.Listen(ctx, id, sink)
		away = a.request(ctx, nodewire.Request{
			Kind: nodewire.RequestBroadcast, RequestID: id, Options: cluster.WithDeadline(ctx, o), Data: p.Data, Namespace: a.local.Name(),
		})
	}
	return errors.Join(a.local.BroadcastWithAck(ctx, p, o, sink), away)
}

// ServerSideEmit implements socketio.Cluster.
func (a *classic) ServerSideEmit(ctx context.Context, event parser.Value) error {
	return a.request(ctx, nodewire.Request{Kind: nodewire.RequestServerSideEmit, Data: event})
}

// ServerSideEmitWithAck implements socketio.Cluster.
func (a *classic) ServerSideEmitWithAck(ctx context.Context, event parser.Value) ([]parser.Value, error) {
	answers, err := a.ask(ctx, 0, nodewire.Request{Kind: nodewire.RequestServerSideEmit, Data: event})
	values := make([]parser.Value, len(answers))
	for i, r := range answers {
		values[i] = r.Data
	}
	if err != nil {
		err = fmt.Errorf("server-side emit: %w", err)
	}
	return values, err
}

// onResponse hands a response to whoever waits for it.
func (a *classic) onResponse(_ string, message []byte) {
	r, err := nodewire.ReadResponse(message)
	if err != nil {
		a.log.Debug("a response of another node was ignored", "error", err)
		return
	}
	switch r.Kind {
	case nodewire.RespondDelivered:
		if sink := a.calls.Sink(r.RequestID); sink != nil {
			sink.Expect(r.Count)
		}
	case nodewire.RespondAck:
		if sink := a.calls.Sink(r.RequestID); sink != nil {
			sink.Ack(r.Data)
		}
	default:
		a.calls.Answer(r.RequestID, r)
	}
}
