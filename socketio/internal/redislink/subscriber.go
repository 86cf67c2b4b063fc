package redislink

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Channel names something to subscribe to.
type Channel struct {
	Name    string
	Pattern bool // PSUBSCRIBE: Name is a glob
	Sharded bool // SSUBSCRIBE
}

// A Handler gets the messages of a channel, one at a time, on the goroutine that reads them: while it runs, no other
// message comes over that connection. payload is its own.
type Handler func(channel string, payload []byte)

const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// A subscriber keeps a set of channels subscribed, whatever happens to the connections. Watch and Unwatch only say what is
// wanted; one goroutine makes it so.
type subscriber struct {
	ctx   context.Context // ends with the link
	log   *slog.Logger
	node  func(ctx context.Context, channel string) (key string, client *redis.Client, err error)
	moved func(context.Context)
	wake  chan struct{} // has room for one

	mu      sync.Mutex
	entries map[Channel]*entry
	feeds   map[string]*feed
	losses  int // connections lost in a row
}

// An entry is a channel that is wanted, or still has to be given up.
type entry struct {
	handler Handler       // nil: not wanted any more
	feed    *feed         // nil: not asked for yet
	ready   chan struct{} // closed once the server has confirmed it, the first time
}

// Watch subscribes to c, soon, and until Unwatch. It returns at once; see Ready.
func (s *subscriber) Watch(c Channel, h Handler) {
	s.mu.Lock()
	e := s.entries[c]
	if e == nil {
		e = &entry{ready: make(chan struct{})}
		s.entries[c] = e
	}
	e.handler = h
	s.mu.Unlock()
	s.nudge()
}

// Unwatch ends a subscription, soon. A message that is being handled may still be under way when it returns.
func (s *subscriber) Unwatch(c Channel) {
	s.mu.Lock()
	if e := s.entries[c]; e != nil {
		e.handler = nil
	}
	s.mu.Unlock()
	s.nudge()
}

// Ready waits until the server has confirmed the subscriptions to channels that are watched.
func (s *subscriber) Ready(ctx context.Context, channels ...Channel) error {
	for _, c := range channels {
		s.mu.Lock()
		e := s.entries[c]
		s.mu.Unlock()
		if e == nil {
			continue
		}
		select {
		case <-e.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.ctx.Done():
			return ErrClosed
		}
	}
	return nil
}

func (s *subscriber) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run makes the subscriptions what they should be, each time it is woken. It ends with the link.
func (s *subscriber) run() {
	var readers sync.WaitGroup
	defer readers.Wait()
	defer s.closeFeeds()
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-s.wake:
		case <-retry.C:
		case <-s.ctx.Done():
			return
		}
		if err := s.place(&readers); err != nil && s.ctx.Err() == nil {
			s.moved(s.ctx)
			retry.Reset(s.lost(err))
		}
	}
}

// lost counts a failure and returns how long to wait before the next attempt.
func (s *subscriber) lost(err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.losses++; s.losses == 1 {
		s.log.Warn("messages of other nodes cannot be received", "error", err)
	}
	wait := min(firstRetry<<min(s.losses-1, 10), lastRetry)
	return wait/2 + rand.N(wait/2)
}

// place sends what is missing of the subscriptions. Order matters on a connection only, and it alone writes to them.
func (s *subscriber) place(readers *sync.WaitGroup) error {
	drop, add := s.pending()
	for f, channels := range drop {
		f.unsubscribe(s.ctx, channels)
	}
	var failure error
	for _, c := range add {
		var f *feed
		if f, failure = s.feedOf(c, readers); failure != nil {
			break // the rest would fare no better
		}
		f.asked = append(f.asked, c)
	}
	s.mu.Lock()
	feeds := make([]*feed, 0, len(s.feeds))
	for _, f := range s.feeds {
		feeds = append(feeds, f)
	}
	s.mu.Unlock()
	for _, f := range feeds {
		channels := f.asked
		f.asked = nil
		s.assign(f, channels)
		if err := f.subscribe(s.ctx, channels); err != nil {
			s.abandon(f)
			failure = errors.Join(failure, err)
		}
	}
	return failure
}

// pending returns the channels to give up, by connection, and those to ask for.
func (s *subscriber) pending() (drop map[*feed][]Channel, add []Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	drop = map[*feed][]Channel{}
	for c, e := range s.entries {
		switch {
		case e.handler == nil && e.feed != nil:
			drop[e.feed] = append(drop[e.feed], c)
			fallthrough
		case e.handler == nil:
			delete(s.entries, c)
		case e.feed == nil:
			add = append(add, c)
		}
	}
	return drop, add
}

func (s *subscriber) assign(f *feed, channels []Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range channels {
		if e := s.entries[c]; e != nil {
			e.feed = f
		}
	}
}

// feedOf returns the connection for a channel and opens it if need be.
func (s *subscriber) feedOf(c Channel, readers *sync.WaitGroup) (*feed, error) {
	key, client, err := s.node(s.ctx, c.Name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.feeds[key]; f != nil {
		return f, nil
	}
	f := &feed{key: key, pubsub: client.Subscribe(s.ctx), dropped: map[string]int{}}
	s.feeds[key] = f
	readers.Go(func() { s.read(f) }) // ends when the connection does, or is closed
	return f, nil
}

// abandon closes a connection; its channels are to be asked for again.
func (s *subscriber) abandon(f *feed) {
	s.mu.Lock()
	if s.feeds[f.key] == f {
		delete(s.feeds, f.key)
	}
	for _, e := range s.entries {
		if e.feed == f {
			e.feed = nil
		}
	}
	s.mu.Unlock()
	f.pubsub.Close() // its error says only that it was closed before
}

func (s *subscriber) closeFeeds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.feeds {
		f.pubsub.Close()
	}
}
