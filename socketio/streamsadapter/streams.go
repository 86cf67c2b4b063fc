// Package streamsadapter makes servers one cluster over Redis Streams: broadcasts, joins, leaves and disconnections are
// entries of a stream, so that none is lost while a connection to Redis is, and clients that were away get what they missed
// on whatever node they come back to (connection state recovery). A server of this library and an official one with
// @socket.io/redis-streams-adapter 0.3 are equal members; 0.2 asks its questions in another way.
//
// Without Redis a node is alone: broadcasts reach its own sockets, without an offset, what needs the others fails with an
// error, and the cluster is whole again once Redis is back, including what others put into the stream meanwhile.
package streamsadapter

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/internal/cluster"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/internal/redislink"
)

// Options configure the adapter. The zero value of a field is the default that it states. All nodes of a cluster must have
// the same names and counts.
type Options struct {
	StreamName string // "socket.io"
	// StreamCount spreads the namespaces over several streams; 1. Official nodes never read the streams with a negative
	// number, which some namespaces get when there are several; nodes of this library do.
	StreamCount      int
	ChannelPrefix    string        // of the channels for questions and answers; "socket.io"
	UseShardedPubSub bool          // sharded channels, Redis 7
	MaxLen           int64         // entries that a stream keeps, about; 10,000
	ReadCount        int64         // entries per read; 100
	BlockTime        time.Duration // of one read; 5 s
	SessionKeyPrefix string        // "sio:session:"
	Timeout          time.Duration // how long to wait for other nodes' answers; 5 s
	// StartTimeout is how long a new namespace waits for Redis; 5 s. Then it goes on without, and joins the cluster later.
	StartTimeout time.Duration
}

func (o Options) withDefaults() Options {
	text := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	text(&o.StreamName, "socket.io")
	text(&o.ChannelPrefix, "socket.io")
	text(&o.SessionKeyPrefix, "sio:session:")
	o.StreamCount = max(o.StreamCount, 1)
	if o.MaxLen <= 0 {
		o.MaxLen = 10_000
	}
	if o.ReadCount <= 0 {
		o.ReadCount = 100
	}
	for _, d := range []*time.Duration{&o.BlockTime, &o.Timeout, &o.StartTimeout} {
		if *d <= 0 {
			*d = 5 * time.Second
		}
	}
	return o
}

// New returns the adapter for socketio.Options.Adapter. client is a *redis.Client, also of redis.NewFailoverClient, or a
// *redis.ClusterClient, and gives the options only: the adapters of all namespaces share two connections of their own, and
// one more for each stream.
func New(client redis.UniversalClient, o Options) socketio.AdapterFunc {
	o = o.withDefaults()
	pool := redislink.NewPool(client, redislink.Options{Sharded: o.UseShardedPubSub})
	library := newLibrary(client, o)
	return func(local *socketio.Local) (socketio.Adapter, error) {
		link, err := pool.Acquire(local.Logger())
		if err != nil {
			return nil, fmt.Errorf("streams adapter: %w", err)
		}
		_, recovery := local.Recovery()
		c := &carrier{
			link: link, opts: o, recovery: recovery, log: local.Logger(),
			stream:  nodewire.StreamName(o.StreamName, local.Name(), o.StreamCount),
			channel: o.ChannelPrefix + "#" + local.Name() + "#",
		}
		a := &adapter{Node: cluster.NewNode(local, c, o.Timeout), local: local, carrier: c, pool: pool, library: library}
		link.Watch(c.common(), a.onMessage)
		link.Watch(c.own(a.UID), a.onMessage)
		ctx, cancel := context.WithTimeout(context.Background(), o.StartTimeout)
		defer cancel()
		if err = library.subscribe(ctx, c.stream, local.Name(), a.onEntry, c.log); err == nil {
			err = link.Ready(ctx, c.common(), c.own(a.UID))
		}
		if err != nil {
			c.log.Warn("the namespace starts without the other nodes", "namespace", local.Name(), "error", err)
		}
		return a, nil
	}
}

// adapter is the adapter of one namespace. Its messages are answered by Node and moved by carrier.
type adapter struct {
	*cluster.Node
	local   *socketio.Local
	carrier *carrier
	pool    *redislink.Pool
	library *library
	turns   turns
}

var (
	_ socketio.Adapter      = (*adapter)(nil)
	_ socketio.Cluster      = (*adapter)(nil)
	_ socketio.SessionStore = (*adapter)(nil)
)

// Close implements socketio.Adapter.
func (a *adapter) Close(ctx context.Context) error {
	a.Stop()
	a.carrier.link.Unwatch(a.carrier.common())
	a.carrier.link.Unwatch(a.carrier.own(a.UID))
	a.library.unsubscribe(a.carrier.stream, a.local.Name())
	return a.pool.Release(ctx)
}

func (a *adapter) onMessage(_ string, message []byte) {
	raw, err := nodewire.ParseMsgpack(message)
	if err == nil {
		var m nodewire.Message
		if m, err = nodewire.Read(raw); err == nil {
			a.Receive(m, "")
			return
		}
	}
	a.Malformed(err)
}

func (a *adapter) onEntry(id string, fields map[string]any) {
	m, err := nodewire.ReadEntry(fields)
	if err != nil {
		a.Malformed(err)
		return
	}
	if m.UID == a.UID {
		a.onOwnEntry(m, id)
		return
	}
	a.Receive(m, id)
}
