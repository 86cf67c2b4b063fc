// Package redisadapter makes servers one cluster over Redis publish and subscribe. A server of this library and an official
// one with @socket.io/redis-adapter 8.3 are equal members.
//
//   - New is the classic adapter. It runs on any Redis, but every node receives every broadcast to more or less than one room.
//   - NewSharded uses sharded channels, which spread over the masters of a Redis Cluster, and subscribes to the rooms that
//     have members here. It needs Redis 7.
//
// Neither supports connection state recovery, for nothing is stored: see package streamsadapter.
//
// Without Redis a node is alone: broadcasts reach its own sockets, what needs the others fails with an error, and the cluster
// is whole again once Redis is back. What was published meanwhile is lost to the other nodes.
package redisadapter

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/internal/cluster"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/internal/redislink"
	"transportlab/socketio/parser"
)

// Options configure the classic adapter. The zero value of a field is the default that it states.
type Options struct {
	Key     string        // first part of every channel's name; "socket.io"
	Timeout time.Duration // how long to wait for other nodes' answers; 5 s
	// PublishOnSpecificResponseChannel answers on the asking node's own channel instead of the common one, which spares all
	// others the answers. Official nodes listen on both.
	PublishOnSpecificResponseChannel bool
	// StartTimeout is how long a new namespace waits for its subscriptions; 5 s. Then it goes on without, and they follow.
	StartTimeout time.Duration
}

// New returns the classic adapter for socketio.Options.Adapter. client is a *redis.Client, also of redis.NewFailoverClient, or
// a *redis.ClusterClient, and gives the options only: the adapters of all namespaces share two connections of their own.
func New(client redis.UniversalClient, o Options) socketio.AdapterFunc {
	if o.Key == "" {
		o.Key = "socket.io"
	}
	if o.Timeout <= 0 {
		o.Timeout = cluster.DefaultTimeout
	}
	pool := redislink.NewPool(client, redislink.Options{HomeKey: o.Key})
	return func(local *socketio.Local) (socketio.Adapter, error) {
		link, err := pool.Acquire(local.Logger())
		if err != nil {
			return nil, fmt.Errorf("redis adapter: %w", err)
		}
		a := newClassic(local, pool, link, o)
		a.subscribe()
		return a, nil
	}
}

// classic is the adapter of one namespace.
type classic struct {
	local *socketio.Local
	pool  *redislink.Pool
	link  *redislink.Link
	opts  Options
	log   *slog.Logger
	uid   string
	calls cluster.Calls[nodewire.Response]
	ctx   context.Context
	stop  context.CancelFunc

	channel, requestChannel, responseChannel string
}

var (
	_ socketio.Adapter = (*classic)(nil)
	_ socketio.Cluster = (*classic)(nil)
)

func newClassic(local *socketio.Local, pool *redislink.Pool, link *redislink.Link, o Options) *classic {
	a := &classic{
		local: local, pool: pool, link: link, opts: o, log: local.Logger().With("namespace", local.Name()), uid: newUID(),
		channel:         o.Key + "#" + local.Name() + "#",
		requestChannel:  o.Key + "-request#" + local.Name() + "#",
		responseChannel: o.Key + "-response#" + local.Name() + "#",
	}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

// newUID returns six random characters of the alphabet that official nodes use, which has 64.
func newUID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var b [6]byte
	rand.Read(b[:]) // never fails
	for i, c := range b {
		b[i] = alphabet[c%64]
	}
	return string(b[:])
}

func (a *classic) channels() []redislink.Channel {
	return []redislink.Channel{
		{Name: globEscaper.Replace(a.channel) + "*", Pattern: true},
		{Name: a.requestChannel}, {Name: a.responseChannel}, {Name: a.responseChannel + a.uid + "#"},
	}
}

// globEscaper keeps a namespace from being a pattern. Official nodes do not escape it; it concerns only what this one hears.
var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

func (a *classic) subscribe() {
	channels := a.channels()
	for i, receive := range []redislink.Handler{a.onBroadcast, a.onRequest, a.onResponse, a.onResponse} {
		a.link.Watch(channels[i], receive)
	}
	awaitStart(a.link, a.opts.StartTimeout, a.log, channels...)
}

// awaitStart waits for the first subscriptions, so that a namespace that is there is in the cluster too.
func awaitStart(link *redislink.Link, timeout time.Duration, log *slog.Logger, channels ...redislink.Channel) {
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := link.Ready(ctx, channels...); err != nil {
		log.Warn("the namespace starts without the other nodes", "error", err)
	}
}

// Close implements socketio.Adapter.
func (a *classic) Close(ctx context.Context) error {
	a.stop()
	for _, c := range a.channels() {
		a.link.Unwatch(c)
	}
	return a.pool.Release(ctx)
}

// Broadcast implements socketio.Adapter. It does not wait for Redis.
func (a *classic) Broadcast(ctx context.Context, p parser.Packet, o socketio.BroadcastOptions) error {
	var away error
	if !o.Flags.Local {
		away = a.publishBroadcast(ctx, p, o)
	}
	return errors.Join(a.local.Broadcast(p, o), away)
}

func (a *classic) publishBroadcast(ctx context.Context, p parser.Packet, o socketio.BroadcastOptions) error {
	b, err := nodewire.ClassicBroadcast(a.uid, p, o)
	if err != nil {
		return err
	}
	if err := a.link.Send(ctx, publish(nodewire.ClassicChannel(a.channel, o.Rooms), b)); err != nil {
		return unreachable(err)
	}
	return nil
}

// onBroadcast delivers what another node broadcasts.
func (a *classic) onBroadcast(channel string, message []byte) {
	room, ok := strings.CutPrefix(channel, a.channel)
	if !ok {
		return
	}
	// The channel of a namespace, as against that of a room, ends right there.
	if room = strings.TrimSuffix(room, "#"); room != "" && !a.local.HasRoom(room) {
		return
	}
	uid, p, o, err := nodewire.ReadClassicBroadcast(message)
	if err != nil {
		a.log.Debug("a broadcast of another node was ignored", "error", err)
		return
	}
	if uid == a.uid || p.Namespace != a.local.Name() || a.ctx.Err() != nil {
		return
	}
	if err := a.local.Broadcast(p, o); err != nil {
		a.log.Warn("a broadcast of another node was not delivered", "error", err)
	}
}

func publish(channel string, message []byte) func(context.Context, redis.Pipeliner) redis.Cmder {
	return func(ctx context.Context, pipe redis.Pipeliner) redis.Cmder {
		return pipe.Publish(ctx, channel, message)
	}
}

func unreachable(err error) error { return fmt.Errorf("other nodes are out of reach: %w", err) }
