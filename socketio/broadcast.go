package socketio

import (
	"context"
	"fmt"
	"sync"
	"time"

	"transportlab/socketio/parser"
)

// A Broadcast selects sockets of a namespace, on all nodes, to do something with them. It is a value: each method returns a
// new one, and the old one may be used further.
type Broadcast struct {
	ns   *Namespace
	opts BroadcastOptions
}

// To adds rooms: a socket is selected, once, when it is in any of them.
func (b Broadcast) To(rooms ...string) Broadcast { b.opts = b.opts.with(rooms, nil); return b }

// In is To.
func (b Broadcast) In(rooms ...string) Broadcast { return b.To(rooms...) }

// Except excludes the sockets that are in any of the rooms.
func (b Broadcast) Except(rooms ...string) Broadcast { b.opts = b.opts.with(nil, rooms); return b }

// Local selects the sockets of this node only.
func (b Broadcast) Local() Broadcast { b.opts.Flags.Local = true; return b }

// Volatile drops the event for clients that cannot take it at once.
func (b Broadcast) Volatile() Broadcast { b.opts.Flags.Volatile = true; return b }

// Compress says whether the event may be compressed on its way; it may unless said otherwise.
func (b Broadcast) Compress(ok bool) Broadcast { b.opts.Flags.NoCompress = !ok; return b }

// Timeout bounds the wait for acknowledgements and answers.
func (b Broadcast) Timeout(d time.Duration) Broadcast { b.opts.Flags.Timeout = d; return b }

// Emit sends an event. An error means that not every node could be told; the sockets of this one have got it, unless the
// event could not be encoded.
func (b Broadcast) Emit(ctx context.Context, event string, args ...any) error {
	p, err := eventPacket(event, args)
	if err != nil {
		return err
	}
	if err := b.ns.open(); err != nil {
		return err
	}
	p.Namespace = b.ns.name
	return b.ns.adapter.Broadcast(ctx, p, b.opts)
}

// EmitWithAck sends an event and waits until every selected socket has acknowledged it. It returns the first argument of
// each acknowledgement, in the order in which they came. When ctx or the timeout ends first, or a socket disconnects without
// an answer, it returns those that came and an error.
func (b Broadcast) EmitWithAck(ctx context.Context, event string, args ...any) ([]parser.Value, error) {
	p, err := eventPacket(event, args)
	if err != nil {
		return nil, err
	}
	if err := b.ns.open(); err != nil {
		return nil, err
	}
	p.Namespace, p.ID, p.HasID = b.ns.name, b.ns.nextAck(), true
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok && b.opts.Flags.Timeout == 0 {
		b.opts.Flags.Timeout = time.Until(deadline)
	}
	c := &ackCollector{changed: make(chan struct{}, 1)}
	servers := 1
	if cluster, ok := b.ns.adapter.(Cluster); ok && !b.opts.Flags.Local {
		if err = cluster.BroadcastWithAck(ctx, p, b.opts, c); err == nil {
			servers, err = cluster.ServerCount(ctx)
		}
	} else {
		err = b.ns.local.BroadcastWithAck(ctx, p, b.opts, c)
	}
	if err != nil {
		return c.taken(), fmt.Errorf("broadcast %q: %w", event, err)
	}
	for !c.complete(servers) {
		select {
		case <-c.changed:
		case <-ctx.Done():
			return c.taken(), fmt.Errorf("wait for acknowledgements of %q: %w", event, ctx.Err())
		}
	}
	return c.taken(), nil
}

// bounded applies the timeout, or without one and without a deadline the default.
func (b Broadcast) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.opts.Flags.Timeout > 0 {
		return context.WithTimeout(ctx, b.opts.Flags.Timeout)
	}
	return b.ns.server.ackContext(ctx)
}

// FetchSockets describes the selected sockets.
func (b Broadcast) FetchSockets(ctx context.Context) ([]RemoteSocket, error) {
	if err := b.ns.open(); err != nil {
		return nil, err
	}
	infos, err := b.ns.adapter.FetchSockets(ctx, b.opts)
	list := make([]RemoteSocket, len(infos))
	for i, info := range infos {
		list[i] = RemoteSocket{SocketInfo: info, ns: b.ns}
	}
	return list, err
}

// SocketsJoin makes the selected sockets join rooms.
func (b Broadcast) SocketsJoin(ctx context.Context, rooms ...string) error {
	return b.apply(ctx, Action{Kind: ActionJoin, Rooms: rooms})
}

// SocketsLeave makes the selected sockets leave rooms.
func (b Broadcast) SocketsLeave(ctx context.Context, rooms ...string) error {
	return b.apply(ctx, Action{Kind: ActionLeave, Rooms: rooms})
}

// DisconnectSockets disconnects the selected sockets as Socket.Disconnect does.
func (b Broadcast) DisconnectSockets(ctx context.Context, closeConnection bool) error {
	return b.apply(ctx, Action{Kind: ActionDisconnect, Close: closeConnection})
}

func (b Broadcast) apply(ctx context.Context, a Action) error {
	if err := b.ns.open(); err != nil {
		return err
	}
	return b.ns.adapter.Apply(ctx, b.opts, a)
}

// A RemoteSocket is a socket on some node, perhaps this one.
type RemoteSocket struct {
	SocketInfo
	ns *Namespace
}

// Select selects the socket, wherever it is, to emit to it, to make it join and leave rooms, or to disconnect it.
func (r RemoteSocket) Select() Broadcast {
	b := r.ns.To(r.ID)
	b.opts.Flags.SingleResponse = true
	return b
}

// An ackCollector is the AckSink of one broadcast.
type ackCollector struct {
	changed chan struct{} // holds a token when there is news

	mu       sync.Mutex
	servers  int
	expected int
	answers  []parser.Value
}

func (c *ackCollector) Expect(sockets int) {
	c.mu.Lock()
	c.servers++
	c.expected += max(sockets, 0)
	c.mu.Unlock()
	c.notify()
}

func (c *ackCollector) Ack(answer parser.Value) {
	c.mu.Lock()
	c.answers = append(c.answers, answer)
	c.mu.Unlock()
	c.notify()
}

func (c *ackCollector) notify() {
	select {
	case c.changed <- struct{}{}:
	default: // somebody has left a token already
	}
}

func (c *ackCollector) complete(servers int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers >= servers && len(c.answers) >= c.expected
}

func (c *ackCollector) taken() []parser.Value {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]parser.Value(nil), c.answers...)
}
