package adaptertest

import (
	"context"
	"fmt"
	"time"

	"transportlab/socketio"
)

func testOutage(f *fixture) {
	clients := f.everybody()
	for _, c := range clients {
		f.join(c, "room")
	}
	end := f.kit.Outage()
	ended := false
	defer func() {
		if !ended {
			end()
		}
	}()
	for i, n := range f.nodes {
		event := f.event()
		_ = n.ns.Emit(f.ctx, event) // an error is right, none as well
		_ = n.ns.To("room").Emit(f.ctx, event)
		if !clients[i].Has(event, 2, patience) {
			f.Errorf("client %d does not hear its own node", i)
		}
		f.fails(n, "fetch sockets", func(ctx context.Context) error { _, err := n.ns.All().FetchSockets(ctx); return err })
		f.fails(n, "count servers", func(ctx context.Context) error { _, err := n.ns.ServerCount(ctx); return err })
		f.fails(n, "server-side emit", func(ctx context.Context) error { return n.ns.ServerSideEmit(ctx, "x") })
		f.fails(n, "server-side emit with answers", func(ctx context.Context) error { _, err := n.ns.ServerSideEmitWithAck(ctx, "x"); return err })
		f.fails(n, "broadcast with answers", func(ctx context.Context) error { _, err := n.ns.All().EmitWithAck(ctx, "x"); return err })
		f.fails(n, "join", func(ctx context.Context) error { return n.ns.All().SocketsJoin(ctx, "x") })
	}
	end()
	ended = true
	f.healed(clients)
}

func testFailover(f *fixture) {
	clients := f.everybody()
	for _, c := range clients {
		f.join(c, "room")
	}
	f.kit.Failover(f.namespace)
	f.healed(clients)
}

// healed waits until every node reaches every client, and checks that nothing comes twice then. Clients are in "room".
func (f *fixture) healed(clients []*client) {
	f.Helper()
	f.count(len(f.nodes))
	for i, n := range f.nodes {
		for _, c := range clients {
			for _, to := range []socketio.Broadcast{n.ns.All(), n.ns.To("room")} {
				event := f.event()
				f.poll("node and client to find each other again", func() bool {
					_ = to.Emit(f.ctx, event) // until it succeeds
					return c.Has(event, 1, 100*time.Millisecond)
				})
			}
		}
		f.poll(fmt.Sprintf("node %d to describe all sockets", i), func() bool {
			ctx, cancel := context.WithTimeout(f.ctx, time.Second)
			defer cancel()
			sockets, err := n.ns.All().FetchSockets(ctx)
			return err == nil && len(sockets) == len(clients)
		})
	}
	f.delivers("to all, once healed", clients, clients, func(event string) error { return f.nodes[0].ns.Emit(f.ctx, event) })
	f.delivers("to a room, once healed", clients, clients, func(event string) error { return f.nodes[0].ns.To("room").Emit(f.ctx, event) })
}

// fails checks that a call ends with an error before the fixture's patience does.
func (f *fixture) fails(n *node, what string, call func(context.Context) error) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	if err := call(ctx); err == nil {
		f.Errorf("%s succeeds without the other nodes", what)
	}
	if ctx.Err() != nil {
		f.Errorf("%s does not end by itself", what)
	}
}
