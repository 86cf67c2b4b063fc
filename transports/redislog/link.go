package redislog

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A link is one subscriber connection, and the channels on it. A process has one; on a cluster with
// sharded channels it has one per master that holds a followed topic. What it receives it hands to
// the feeds, which never wait for anyone, so that the connection is always drained.
//
// A connection that fails is replaced, and everything subscribed anew: each feed learns that its
// session has ended, and compares itself with the store when the next one begins.
type link struct {
	log     *Log
	open    func(ctx context.Context) *redis.PubSub
	sharded bool
	wake    chan struct{} // there is something for control to do
	used    chan struct{} // there is a feed
	deaf    atomic.Bool   // the present connection is to be given up
	heard   atomic.Int64  // unix nanoseconds when the connection was last known to be alive

	mu      sync.Mutex
	ps      *redis.PubSub // nil while there is no connection
	session uint64
	feeds   map[string]*feed // by channel
	todo    map[string]bool  // channels to subscribe to (true) or to leave
}

func newLink(l *Log, sharded bool, open func(ctx context.Context) *redis.PubSub) *link {
	k := &link{log: l, open: open, sharded: sharded, wake: make(chan struct{}, 1), used: make(chan struct{}, 1), feeds: map[string]*feed{}, todo: map[string]bool{}}
	l.wg.Go(k.run)     // ends with l.ctx
	l.wg.Go(k.control) // ends with l.ctx
	return k
}

// reset gives up the present connection; it does not wait.
func (k *link) reset() {
	k.deaf.Store(true)
	k.signal()
}

// hangUp closes the present connection; the receiver notices and begins anew.
func (k *link) hangUp() {
	k.mu.Lock()
	ps := k.ps
	k.mu.Unlock()
	if ps != nil {
		ps.Close()
	}
}

// add puts a feed on the link.
func (k *link) add(f *feed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.feeds[f.keys[0]] = f
	k.todo[f.keys[0]] = true
	select {
	case k.used <- struct{}{}:
	default: // it will look anyway
	}
	k.signal()
}

// remove takes a feed off the link.
func (k *link) remove(f *feed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.feeds[f.keys[0]] == f {
		delete(k.feeds, f.keys[0])
		k.todo[f.keys[0]] = false
		k.signal()
	}
}

func (k *link) signal() {
	select {
	case k.wake <- struct{}{}:
	default: // somebody will look anyway
	}
}

// run keeps a connection while there are channels.
func (k *link) run() {
	var backoff time.Duration
	for k.log.ctx.Err() == nil {
		if k.unused() {
			select {
			case <-k.used:
			case <-k.log.ctx.Done():
			}
			continue
		}
		received, err := k.receive()
		k.cutOff()
		if k.log.ctx.Err() != nil {
			return
		}
		if received {
			backoff = 0
		}
		k.log.o.Logger.Warn("redislog: subscriber connection lost", "error", err, "backoff", backoff)
		sleep(k.log.ctx, backoff)
		backoff = min(max(2*backoff, 10*time.Millisecond), time.Second)
		backoff += rand.N(backoff/2 + 1)
	}
}

// unused tells whether there is nothing to subscribe to: a master that has left the cluster is not
// called again.
func (k *link) unused() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.feeds) == 0
}

// cutOff ends the session. On a cluster its slots may have moved, so that the feeds need another link.
func (k *link) cutOff() {
	k.hangUp()
	k.mu.Lock()
	k.ps = nil
	feeds := slices.Collect(maps.Values(k.feeds))
	if k.sharded {
		clear(k.feeds)
		clear(k.todo)
	}
	for _, f := range k.feeds {
		k.todo[f.keys[0]] = true
	}
	k.mu.Unlock()
	if k.sharded {
		k.log.client.(*redis.ClusterClient).ReloadState(k.log.ctx)
	}
	for _, f := range feeds {
		if k.sharded {
			f.detach(k)
		} else {
			f.cut()
		}
	}
}

// receive reads one connection until it fails; received tells whether it was of any use.
func (k *link) receive() (received bool, err error) {
	ctx := k.log.ctx
	ps := k.open(ctx)
	k.mu.Lock()
	k.ps = ps
	k.session++
	session := k.session
	for channel, subscribe := range k.todo {
		if !subscribe {
			delete(k.todo, channel)
		}
	}
	k.mu.Unlock()
	k.heard.Store(time.Now().UnixNano())
	k.signal()
	for {
		reply, err := ps.Receive(ctx) // ends when Close or reset closes ps
		if err != nil {
			return received, err
		}
		received = true
		k.heard.Store(time.Now().UnixNano())
		switch reply := reply.(type) {
		case *redis.Message:
			if f := k.log.find(topicOf(k.log.o.Prefix, reply.Channel)); f != nil {
				if at, body, ok := cutPosition(reply.Payload); ok {
					f.live(at, body)
				}
			}
		case *redis.Subscription:
			k.mu.Lock()
			f := k.feeds[reply.Channel]
			k.mu.Unlock()
			switch {
			case f == nil:
			case strings.HasSuffix(reply.Kind, "unsubscribe"): // the slot moves to another master
				f.detach(k)
			default:
				f.subscribed(k, session)
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
