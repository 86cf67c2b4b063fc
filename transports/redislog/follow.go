package redislog

import (
	"context"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

func (l *Log) find(topic string) *feed {
	if f, ok := l.feeds.Load(topic); ok {
		return f.(*feed)
	}
	return nil
}

// follow returns the topic's feed. A new one is filled in the background.
func (l *Log) follow(topic string) (*feed, error) {
	f := l.find(topic)
	if f == nil {
		if err := transports.CheckTopic(topic); err != nil {
			return nil, err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if f = l.find(topic); f == nil {
			if l.count.Load() >= int64(l.o.Topics) {
				return nil, transports.ErrRateLimited
			}
			f = newFeed(l, topic)
			f.used.Store(l.clock.Load())
			l.feeds.Store(topic, f)
			l.count.Add(1)
			l.syncer.request(f)
		}
	}
	if now := l.clock.Load(); f.used.Load() != now {
		f.used.Store(now)
	}
	return f, nil
}

// forget stops following. Whoever began to wait in this very moment is woken and follows anew.
func (l *Log) forget(f *feed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone.Swap(true) {
		return
	}
	l.feeds.Delete(f.topic)
	l.count.Add(-1)
	l.held.Add(-int64(f.w.View().Bytes()))
	if f.link != nil {
		f.link.remove(f)
	}
	f.session, f.synced, f.ahead = 0, false, nil
	f.settle()
	f.w.Wake()
}

// route puts a feed on the link that serves it: on a cluster with sharded channels, that of the slot's
// master, which may change.
func (l *Log) route(ctx context.Context, f *feed) error {
	node := ""
	open := func(ctx context.Context) *redis.PubSub { return l.client.Subscribe(ctx) }
	if l.sharded {
		master, err := l.client.(*redis.ClusterClient).MasterForKey(ctx, f.keys[0])
		if err != nil {
			return err
		}
		node = master.Options().Addr
		open = func(ctx context.Context) *redis.PubSub { return master.SSubscribe(ctx) }
	}
	l.mu.Lock()
	k := l.links[node]
	if k == nil {
		if !l.enter() { // the log is closed
			l.mu.Unlock()
			return transports.ErrUnavailable
		}
		k = newLink(l, l.sharded, open)
		l.links[node] = k
		l.wg.Done()
	}
	l.mu.Unlock()

	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone.Load() || f.link == k {
		return nil
	}
	if f.link != nil {
		f.link.remove(f)
	}
	f.session, f.synced, f.link = 0, false, k
	f.settle()
	k.add(f)
	return nil
}
