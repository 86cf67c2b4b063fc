// Package redislink is what the adapters share of Redis: one connection to publish on, one to receive on (one for each
// master where channels are sharded), and how both come back after a loss. It works on a single server, behind Sentinel and
// on a Cluster, and knows nothing of Socket.IO.
package redislink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
)

// A Pool hands out one Link to all namespaces of a server: ten namespaces need no ten connections.
type Pool struct {
	client redis.UniversalClient
	opts   Options

	mu    sync.Mutex
	link  *Link
	users int
}

// Options configure the links of a Pool.
type Options struct {
	// Sharded channels are found by their slot (SSUBSCRIBE, Redis 7). Others live on the master that owns HomeKey, if there
	// are several: only so is the number of subscribers, which counts per master, right.
	Sharded bool
	HomeKey string
}

// NewPool returns a pool of links through clients like client, which stays the caller's own. Nothing is opened yet.
func NewPool(client redis.UniversalClient, opts Options) *Pool {
	return &Pool{client: client, opts: opts}
}

// Acquire returns the link and opens it for the first user. Each user calls Release once.
func (p *Pool) Acquire(log *slog.Logger) (*Link, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 {
		client, err := Clone(p.client)
		if err != nil {
			return nil, err
		}
		p.link = newLink(client, p.opts, log)
	}
	p.users++
	return p.link, nil
}

// Release closes the link when its last user has gone, and waits for that until ctx ends.
func (p *Pool) Release(ctx context.Context) error {
	p.mu.Lock()
	link := p.link
	p.users--
	if last := p.users == 0; !last {
		link = nil
	}
	p.mu.Unlock()
	if link == nil {
		return nil
	}
	return link.close(ctx)
}

// A Link is a way to Redis and back. All methods may be called concurrently. It lives until Pool.Release.
type Link struct {
	publisher
	subscriber
	client redis.UniversalClient
	opts   Options
	stop   context.CancelFunc
	work   sync.WaitGroup
}

func newLink(client redis.UniversalClient, opts Options, log *slog.Logger) *Link {
	ctx, stop := context.WithCancel(context.Background())
	l := &Link{client: client, opts: opts, stop: stop}
	l.publisher = publisher{ctx: ctx, log: log, queue: make(chan order, maxQueued), pipeline: l.pipeline}
	l.subscriber = subscriber{
		ctx: ctx, log: log, node: l.nodeOf, moved: l.reload,
		wake: make(chan struct{}, 1), entries: map[Channel]*entry{}, feeds: map[string]*feed{},
	}
	l.work.Go(l.publisher.run)  // ends with ctx
	l.work.Go(l.subscriber.run) // ends with ctx
	return l
}

// close ends both goroutines and all connections.
func (l *Link) close(ctx context.Context) error {
	l.stop()
	done := make(chan error, 1)
	go func() { // ends when the commands under way have, within the client's time-outs
		l.work.Wait()
		done <- l.client.Close()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("close the way to Redis: %w", context.Cause(ctx))
	}
}

// Client returns the link's own client, for commands outside of its order. It does not retry.
func (l *Link) Client() redis.UniversalClient { return l.client }

// nodeOf returns the server that a channel lives on, and the key of its connection.
func (l *Link) nodeOf(ctx context.Context, channel string) (string, *redis.Client, error) {
	switch client := l.client.(type) {
	case *redis.Client:
		return "", client, nil
	case *redis.ClusterClient:
		if !l.opts.Sharded {
			channel = l.opts.HomeKey
		}
		master, err := client.MasterForKey(ctx, channel)
		if err != nil {
			return "", nil, err
		}
		return master.Options().Addr, master, nil
	}
	return "", nil, errClient
}

// reload makes a cluster client ask again which master owns which slots.
func (l *Link) reload(ctx context.Context) {
	if cluster, ok := l.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
}

// pipeline returns the pipeline that keeps the order of what is published: PUBLISH has no slot, so on a cluster it always
// goes over the same master.
func (l *Link) pipeline(ctx context.Context) (redis.Pipeliner, error) {
	if cluster, ok := l.client.(*redis.ClusterClient); ok && !l.opts.Sharded && l.opts.HomeKey != "" {
		master, err := cluster.MasterForKey(ctx, l.opts.HomeKey)
		if err != nil {
			return nil, err
		}
		return master.Pipeline(), nil
	}
	return l.client.Pipeline(), nil
}

// Subscribers returns how many connections are subscribed to a channel: on a cluster, the sum over the masters.
func (l *Link) Subscribers(ctx context.Context, c Channel) (int, error) {
	count := func(ctx context.Context, client *redis.Client) (int64, error) {
		cmd := client.PubSubNumSub(ctx, c.Name)
		if c.Sharded {
			cmd = client.PubSubShardNumSub(ctx, c.Name)
		}
		counts, err := cmd.Result()
		return counts[c.Name], err
	}
	var sum int64
	var err error
	switch client := l.client.(type) {
	case *redis.Client:
		sum, err = count(ctx, client)
	case *redis.ClusterClient:
		var mu sync.Mutex
		err = client.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
			n, err := count(ctx, master)
			mu.Lock()
			defer mu.Unlock()
			sum += n
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("count the nodes: %w", err)
	}
	return int(sum), nil
}
