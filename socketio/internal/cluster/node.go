// Package cluster is what the sharded and the streams adapter have in common: what a node asks the others, what it does
// when it is asked, and who applies what. How messages travel is the adapter's part, see Carrier.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

// A Carrier moves messages. Its methods are called concurrently.
type Carrier interface {
	// Publish sends m to all nodes. A carrier whose messages have positions that clients may resume from returns m's.
	Publish(ctx context.Context, m nodewire.Message) (offset string, err error)
	// Respond sends m to the node that asked. It does not wait; a failure is logged.
	Respond(uid string, m nodewire.Message)
	// ServerCount returns the number of nodes, this one included.
	ServerCount(ctx context.Context) (int, error)
}

// A Node is one namespace on one server of a cluster. It implements socketio.Adapter, apart from Close, and
// socketio.Cluster. Receive may be called concurrently with everything.
type Node struct {
	UID     string
	Timeout time.Duration // for answers

	local   *socketio.Local
	carrier Carrier
	calls   Calls[nodewire.Message]
	ctx     context.Context
	stop    context.CancelFunc
	log     *slog.Logger
}

// NewNode returns a node; a timeout of 0 is DefaultTimeout. Stop ends what it does for others.
func NewNode(local *socketio.Local, carrier Carrier, timeout time.Duration) *Node {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	n := &Node{UID: NewID(), Timeout: timeout, local: local, carrier: carrier, log: local.Logger().With("namespace", local.Name())}
	n.ctx, n.stop = context.WithCancel(context.Background())
	return n
}

// Stop makes the node forget what other nodes have asked of its clients.
func (n *Node) Stop() { n.stop() }

// Broadcast implements socketio.Adapter.
func (n *Node) Broadcast(ctx context.Context, p parser.Packet, o socketio.BroadcastOptions) error {
	var away error
	if !o.Flags.Local {
		var offset string
		if offset, away = n.Publish(ctx, nodewire.Message{Kind: nodewire.Broadcast, Data: p.Data, Options: o}); away == nil {
			var err error
			if p, err = n.withOffset(p, o, offset); err != nil {
				return err
			}
		}
	}
	return errors.Join(n.local.Broadcast(p, o), away)
}

// withOffset adds the position to a packet that clients may ask for again.
func (n *Node) withOffset(p parser.Packet, o socketio.BroadcastOptions, offset string) (parser.Packet, error) {
	if _, on := n.local.Recovery(); !on || offset == "" || !socketio.Recoverable(p, o) {
		return p, nil
	}
	return socketio.WithOffset(p, offset)
}

// Publish sends a message of this node to all others.
func (n *Node) Publish(ctx context.Context, m nodewire.Message) (offset string, err error) {
	m.UID, m.Namespace = n.UID, n.local.Name()
	if offset, err = n.carrier.Publish(ctx, m); err != nil {
		err = fmt.Errorf("other nodes are out of reach: %w", err)
	}
	return offset, err
}

// BroadcastWithAck implements socketio.Cluster.
func (n *Node) BroadcastWithAck(ctx context.Context, p parser.Packet, o socketio.BroadcastOptions, sink socketio.AckSink) error {
	var away error
	if !o.Flags.Local {
		id := NewID()
		n.calls.Listen(ctx, id, sink)
		_, away = n.Publish(ctx, nodewire.Message{Kind: nodewire.Broadcast, RequestID: id, Data: p.Data, Options: WithDeadline(ctx, o)})
	}
	return errors.Join(n.local.BroadcastWithAck(ctx, p, o, sink), away)
}

var actions = [...]nodewire.Kind{socketio.ActionJoin: nodewire.Join, socketio.ActionLeave: nodewire.Leave, socketio.ActionDisconnect: nodewire.Disconnect}

// Apply implements socketio.Adapter. The sockets here obey also when the others cannot be reached.
func (n *Node) Apply(ctx context.Context, o socketio.BroadcastOptions, a socketio.Action) error {
	var away error
	if !o.Flags.Local {
		_, away = n.Publish(ctx, nodewire.Message{Kind: actions[a.Kind], Options: o, Rooms: a.Rooms, Close: a.Close})
	}
	n.local.Apply(o, a)
	return away
}

// FetchSockets implements socketio.Adapter.
func (n *Node) FetchSockets(ctx context.Context, o socketio.BroadcastOptions) ([]socketio.SocketInfo, error) {
	sockets, err := n.local.FetchSockets(o)
	if err != nil || o.Flags.Local {
		return sockets, err
	}
	answers, err := n.ask(ctx, o.Flags.Timeout, nodewire.Message{Kind: nodewire.FetchSockets, Options: o})
	if err != nil {
		return nil, fmt.Errorf("fetch sockets: %w", err)
	}
	for _, a := range answers {
		sockets = append(sockets, a.Sockets...)
	}
	return sockets, nil
}

// ask sends a question and waits for the answers of all other nodes.
func (n *Node) ask(ctx context.Context, timeout time.Duration, m nodewire.Message) ([]nodewire.Message, error) {
	if timeout <= 0 {
		timeout = n.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	count, err := n.carrier.ServerCount(ctx)
	if err != nil || count <= 1 {
		return nil, err
	}
	m.RequestID = NewID()
	call := n.calls.Open(m.RequestID, count-1)
	if _, err = n.Publish(ctx, m); err != nil {
		cancel()
		_, _ = call.Wait(ctx) // forgets the question
		return nil, err
	}
	return call.Wait(ctx)
}

// ServerCount implements socketio.Cluster.
func (n *Node) ServerCount(ctx context.Context) (int, error) { return n.carrier.ServerCount(ctx) }

// ServerSideEmit implements socketio.Cluster.
func (n *Node) ServerSideEmit(ctx context.Context, event parser.Value) error {
	_, err := n.Publish(ctx, nodewire.Message{Kind: nodewire.ServerSideEmit, Data: event})
	return err
}

// ServerSideEmitWithAck implements socketio.Cluster.
func (n *Node) ServerSideEmitWithAck(ctx context.Context, event parser.Value) ([]parser.Value, error) {
	answers, err := n.ask(ctx, 0, nodewire.Message{Kind: nodewire.ServerSideEmit, Data: event})
	values := make([]parser.Value, len(answers))
	for i, a := range answers {
		values[i] = a.Data
	}
	if err != nil {
		err = fmt.Errorf("server-side emit: %w", err)
	}
	return values, err
}
