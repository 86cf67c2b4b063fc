package cluster

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/parser"
	"transportlab/socketio/redisadapter"
	"transportlab/socketio/streamsadapter"
)

// goPeer is a server of this library.
type goPeer struct {
	setup setup
	ns    *socketio.Namespace
	http  *httptest.Server

	mu    sync.Mutex
	heard []any
}

// adapter translates the options of the official adapters.
func adapter(client redis.UniversalClient, s setup) socketio.AdapterFunc {
	text := func(name string) string { v, _ := s.Options[name].(string); return v }
	truth := func(name string) bool { v, _ := s.Options[name].(bool); return v }
	number := func(name string) int { v, _ := s.Options[name].(int); return v }
	switch s.Adapter {
	case "classic":
		return redisadapter.New(client, redisadapter.Options{PublishOnSpecificResponseChannel: truth("publishOnSpecificResponseChannel")})
	case "sharded":
		return redisadapter.NewSharded(client, redisadapter.ShardedOptions{SubscriptionMode: redisadapter.SubscriptionMode(text("subscriptionMode"))})
	}
	return streamsadapter.New(client, streamsadapter.Options{StreamCount: number("streamCount"), UseShardedPubSub: truth("useShardedPubSub")})
}

func newRedis(t *testing.T, s setup) redis.UniversalClient {
	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: s.Redis, IsClusterMode: s.Cluster})
	t.Cleanup(func() { client.Close() })
	return client
}

func startGo(t *testing.T, s setup) *goPeer {
	t.Helper()
	o := socketio.Options{Adapter: adapter(newRedis(t, s), s), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if s.Adapter == "streams" {
		o.Recovery = &socketio.RecoveryOptions{}
	}
	server := socketio.NewServer(o)
	p := &goPeer{setup: s, ns: server.Of(s.Namespace), http: httptest.NewServer(server)}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("%s: close: %v", s.Name, err)
		}
		p.http.Close()
	})
	for _, event := range []string{"side", "side-question"} {
		p.ns.OnServerEvent(event, func(_ context.Context, values []parser.Value) (any, error) {
			args := plain(values)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.heard = append(p.heard, append([]any{event}, args...))
			return map[string]any{"from": s.Name, "args": args}, nil
		})
	}
	if _, err := p.ns.ServerCount(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *goPeer) name() string { return p.setup.Name }
func (p *goPeer) url() string  { return p.http.URL }

func (p *goPeer) do(ctx context.Context, c command) (any, error) {
	to := p.ns.All()
	if len(c.Rooms) > 0 {
		to = to.To(c.Rooms...)
	}
	if len(c.Except) > 0 {
		to = to.Except(c.Except...)
	}
	switch c.Op {
	case "emit":
		return nil, to.Emit(ctx, c.Event, c.Args...)
	case "ask":
		answers, err := to.Timeout(time.Duration(c.Timeout)*time.Millisecond).EmitWithAck(ctx, c.Event, c.Args...)
		return plain(answers), err
	case "fetch":
		return p.fetch(ctx, to)
	case "ask-remote":
		sockets, err := to.FetchSockets(ctx)
		if err != nil || len(sockets) != 1 {
			return nil, fmt.Errorf("%d sockets, error %w", len(sockets), err)
		}
		answers, err := sockets[0].Select().Timeout(time.Duration(c.Timeout)*time.Millisecond).EmitWithAck(ctx, c.Event, c.Args...)
		if len(answers) == 1 {
			return plain(answers)[0], err
		}
		return nil, fmt.Errorf("%d answers, error %w", len(answers), err)
	case "join":
		return nil, to.SocketsJoin(ctx, c.List...)
	case "leave":
		return nil, to.SocketsLeave(ctx, c.List...)
	case "disconnect":
		return nil, to.DisconnectSockets(ctx, c.Close)
	case "side":
		return nil, p.ns.ServerSideEmit(ctx, c.Event, c.Args...)
	case "side-ask":
		answers, err := p.ns.ServerSideEmitWithAck(ctx, c.Event, c.Args...)
		return plain(answers), err
	case "count":
		n, err := p.ns.ServerCount(ctx)
		return float64(n), err
	case "heard":
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.Clone(p.heard), nil
	}
	return p.local(c)
}

// local does what concerns one socket of this node.
func (p *goPeer) local(c command) (any, error) {
	if c.Op == "sockets" {
		var ids []any
		for _, s := range p.ns.Sockets() {
			ids = append(ids, s.ID())
		}
		return ids, nil
	}
	s := p.ns.Socket(c.Socket)
	if s == nil {
		return nil, fmt.Errorf("%s: no socket %s", c.Op, c.Socket)
	}
	switch c.Op {
	case "prepare":
		s.SetData(c.Data)
		s.Join(c.List...)
		return nil, nil
	case "rooms":
		return sorted(s.Rooms()), nil
	case "recovered":
		return s.Recovered(), nil
	}
	return nil, fmt.Errorf("unknown op %s", c.Op)
}

func (p *goPeer) fetch(ctx context.Context, from socketio.Broadcast) (any, error) {
	sockets, err := from.FetchSockets(ctx)
	list := make([]any, len(sockets))
	for i, s := range sockets {
		var data any
		if err := s.Data.Decode(&data); err != nil {
			return nil, err
		}
		list[i] = map[string]any{
			"id": s.ID, "rooms": sorted(s.Rooms), "data": data,
			"address": s.Handshake.Address, "host": s.Handshake.Headers["host"], "EIO": s.Handshake.Query["EIO"],
		}
	}
	return list, err
}

func sorted(names []string) []any {
	slices.Sort(names)
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}
