package redislink

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// pingAfter is how long a connection may be silent before it is asked for a sign of life; so long again and it is given up.
const pingAfter = 10 * time.Second

// errMoved means that the server has ended a subscription by itself, because a slot went to another one.
var errMoved = errors.New("the slot of a channel has moved to another server")

// A feed is one connection with subscriptions.
type feed struct {
	key    string
	pubsub *redis.PubSub
	asked  []Channel // what place is about to subscribe to; its own

	mu      sync.Mutex
	dropped map[string]int // sharded channels given up and not confirmed yet
}

func (f *feed) subscribe(ctx context.Context, channels []Channel) error {
	plain, patterns, sharded := split(channels)
	err := errors.Join(unlessEmpty(ctx, plain, f.pubsub.Subscribe), unlessEmpty(ctx, patterns, f.pubsub.PSubscribe))
	for _, name := range sharded { // on a cluster a command may name channels of one slot only
		if err == nil {
			err = f.pubsub.SSubscribe(ctx, name)
		}
	}
	return err
}

// unsubscribe gives channels up. An error is the connection's, and its reader will see it too.
func (f *feed) unsubscribe(ctx context.Context, channels []Channel) {
	plain, patterns, sharded := split(channels)
	f.mu.Lock()
	for _, name := range sharded {
		f.dropped[name]++
	}
	f.mu.Unlock()
	_ = unlessEmpty(ctx, plain, f.pubsub.Unsubscribe)
	_ = unlessEmpty(ctx, patterns, f.pubsub.PUnsubscribe)
	for _, name := range sharded {
		_ = f.pubsub.SUnsubscribe(ctx, name)
	}
}

// expected reports whether the end of a sharded subscription was asked for.
func (f *feed) expected(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dropped[name] == 0 {
		return false
	}
	if f.dropped[name]--; f.dropped[name] == 0 {
		delete(f.dropped, name)
	}
	return true
}

func split(channels []Channel) (plain, patterns, sharded []string) {
	for _, c := range channels {
		switch {
		case c.Pattern:
			patterns = append(patterns, c.Name)
		case c.Sharded:
			sharded = append(sharded, c.Name)
		default:
			plain = append(plain, c.Name)
		}
	}
	return plain, patterns, sharded
}

func unlessEmpty(ctx context.Context, names []string, f func(context.Context, ...string) error) error {
	if len(names) == 0 {
		return nil
	}
	return f(ctx, names...)
}

// read hands out what comes over a connection until it fails or the link is closed.
func (s *subscriber) read(f *feed) {
	err := s.receive(f)
	s.abandon(f)
	if s.ctx.Err() != nil {
		return
	}
	s.moved(s.ctx)
	wait := time.NewTimer(s.lost(err))
	defer wait.Stop()
	select {
	case <-wait.C:
		s.nudge()
	case <-s.ctx.Done():
	}
}

func (s *subscriber) receive(f *feed) error {
	for silent := false; ; {
		message, err := f.pubsub.ReceiveTimeout(s.ctx, pingAfter)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() && !silent && s.ctx.Err() == nil {
			if err := f.pubsub.Ping(s.ctx); err != nil {
				return err
			}
			silent = true
			continue
		}
		if err != nil {
			return err
		}
		silent = false
		switch m := message.(type) {
		case *redis.Message:
			s.dispatch(m)
		case *redis.Subscription:
			if m.Kind == "sunsubscribe" && !f.expected(m.Channel) {
				return errMoved
			}
			s.confirm(f, m)
		}
	}
}

func (s *subscriber) dispatch(m *redis.Message) {
	c := Channel{Name: m.Channel}
	if m.Pattern != "" {
		c = Channel{Name: m.Pattern, Pattern: true}
	}
	s.mu.Lock()
	e := s.entries[c]
	if e == nil && !c.Pattern {
		c.Sharded = true
		e = s.entries[c]
	}
	var handler Handler
	if e != nil {
		handler = e.handler
	}
	s.mu.Unlock()
	if handler != nil {
		handler(m.Channel, []byte(m.Payload))
	}
}

// confirm notes that the server has begun a subscription.
func (s *subscriber) confirm(f *feed, m *redis.Subscription) {
	c := Channel{Name: m.Channel, Pattern: m.Kind == "psubscribe", Sharded: m.Kind == "ssubscribe"}
	if !c.Pattern && !c.Sharded && m.Kind != "subscribe" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.losses > 0 {
		s.losses = 0
		s.log.Info("messages of other nodes are received again")
	}
	if e := s.entries[c]; e != nil && e.feed == f {
		select {
		case <-e.ready:
		default:
			close(e.ready)
		}
	}
}
