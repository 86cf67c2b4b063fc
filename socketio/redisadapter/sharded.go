package redisadapter

import (
	"context"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/internal/cluster"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/internal/redislink"
)

// A SubscriptionMode says which rooms have a channel of their own, which only the nodes with members subscribe to. All nodes
// of a cluster must have the same.
type SubscriptionMode string

// The modes.
const (
	// Dynamic: all but those named by a socket's id, of which there would be as many as there are clients. They are told
	// by their length of 20 characters.
	Dynamic SubscriptionMode = "dynamic"
	// Static: none. Every node receives everything.
	Static SubscriptionMode = "static"
	// DynamicPrivate: all, for when most messages go to single clients.
	DynamicPrivate SubscriptionMode = "dynamic-private"
)

// ShardedOptions configure the sharded adapter. The zero value of a field is the default that it states.
type ShardedOptions struct {
	ChannelPrefix    string           // first part of every channel's name; "socket.io"
	SubscriptionMode SubscriptionMode // Dynamic
	Timeout          time.Duration    // how long to wait for other nodes' answers; 5 s
	StartTimeout     time.Duration    // as in Options; 5 s
}

// NewSharded returns the sharded adapter for socketio.Options.Adapter. client is used as New does, with a connection to each
// master that owns a channel.
func NewSharded(client redis.UniversalClient, o ShardedOptions) socketio.AdapterFunc {
	if o.ChannelPrefix == "" {
		o.ChannelPrefix = "socket.io"
	}
	if o.SubscriptionMode == "" {
		o.SubscriptionMode = Dynamic
	}
	pool := redislink.NewPool(client, redislink.Options{Sharded: true})
	return func(local *socketio.Local) (socketio.Adapter, error) {
		switch o.SubscriptionMode {
		case Dynamic, Static, DynamicPrivate:
		default:
			return nil, fmt.Errorf("sharded adapter: unknown subscription mode %q", o.SubscriptionMode)
		}
		link, err := pool.Acquire(local.Logger())
		if err != nil {
			return nil, fmt.Errorf("sharded adapter: %w", err)
		}
		c := &shards{link: link, mode: o.SubscriptionMode, channel: o.ChannelPrefix + "#" + local.Name() + "#", log: local.Logger()}
		a := &sharded{Node: cluster.NewNode(local, c, o.Timeout), shards: c, pool: pool}
		c.receive = a.onMessage
		c.own = redislink.Channel{Name: c.channel + a.UID + "#", Sharded: true}
		link.Watch(c.common(), c.receive)
		link.Watch(c.own, c.receive)
		awaitStart(link, o.StartTimeout, c.log, c.common(), c.own)
		if o.SubscriptionMode == Static {
			return a, nil
		}
		return &dynamic{sharded: a, rooms: map[string]struct{}{}}, nil
	}
}

// sharded is the adapter of one namespace.
type sharded struct {
	*cluster.Node
	shards *shards
	pool   *redislink.Pool
}

// Close implements socketio.Adapter.
func (a *sharded) Close(ctx context.Context) error {
	a.Stop()
	a.shards.link.Unwatch(a.shards.common())
	a.shards.link.Unwatch(a.shards.own)
	return a.pool.Release(ctx)
}

func (a *sharded) onMessage(_ string, message []byte) {
	raw, err := nodewire.Parse(message)
	if err == nil {
		var m nodewire.Message
		if m, err = nodewire.Read(raw); err == nil {
			a.Receive(m, "")
			return
		}
	}
	a.Malformed(err)
}

// shards carries the messages of one namespace.
type shards struct {
	link    *redislink.Link
	mode    SubscriptionMode
	channel string
	own     redislink.Channel // for answers to this node
	receive redislink.Handler
	log     *slog.Logger
}

func (c *shards) common() redislink.Channel { return redislink.Channel{Name: c.channel, Sharded: true} }

// room returns the channel of a room, and whether it has one.
func (c *shards) room(room string) (redislink.Channel, bool) {
	own := c.mode == DynamicPrivate || c.mode == Dynamic && lengthInJavaScript(room) != 20
	return redislink.Channel{Name: c.channel + room + "#", Sharded: true}, own
}

// lengthInJavaScript counts UTF-16 units, as official nodes do.
func lengthInJavaScript(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r > 0xffff {
			n++
		}
	}
	return n
}

// Publish implements cluster.Carrier. Only for an ordinary broadcast it does not wait for Redis.
func (c *shards) Publish(ctx context.Context, m nodewire.Message) (string, error) {
	b, err := m.JSON()
	if err != nil {
		return "", err
	}
	if m.Kind != nodewire.Broadcast || m.RequestID != "" {
		ctx, cancel := context.WithTimeout(ctx, cluster.DefaultTimeout)
		defer cancel()
		return "", c.link.Do(ctx, shardPublish(c.channel, b))
	}
	channel := c.channel
	if len(m.Options.Rooms) == 1 {
		if room, ok := c.room(m.Options.Rooms[0]); ok {
			channel = room.Name
		}
	}
	return "", c.link.Send(ctx, shardPublish(channel, b))
}

// Respond implements cluster.Carrier.
func (c *shards) Respond(uid string, m nodewire.Message) {
	b, err := m.JSON()
	if err == nil {
		err = c.link.Send(context.Background(), shardPublish(c.channel+uid+"#", b))
	}
	if err != nil {
		c.log.Warn("an answer did not reach the other node", "error", err)
	}
}

// ServerCount implements cluster.Carrier.
func (c *shards) ServerCount(ctx context.Context) (int, error) {
	return c.link.Subscribers(ctx, c.common())
}

func shardPublish(channel string, message []byte) func(context.Context, redis.Pipeliner) redis.Cmder {
	return func(ctx context.Context, pipe redis.Pipeliner) redis.Cmder {
		return pipe.SPublish(ctx, channel, message)
	}
}
