package redislog

import (
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A syncer compares feeds with the store: when a session begins, when a live message does not follow
// on the one before, and every Options.Check, so that no reader stays deaf. One pipeline serves many
// feeds, so a reconnection with thousands of them costs few round trips.
type syncer struct {
	log  *Log
	wake chan struct{}

	mu   sync.Mutex
	list []*feed
}

const (
	syncTogether = 32      // feeds in a pipeline
	syncCount    = 256     // most messages read for one feed
	syncBytes    = 1 << 20 // most bytes of them
)

// request puts a feed on the list.
func (s *syncer) request(f *feed) {
	if !f.queued.CompareAndSwap(false, true) {
		return
	}
	s.mu.Lock()
	s.list = append(s.list, f)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take returns some feeds of the list.
func (s *syncer) take() []*feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.list), syncTogether)
	feeds := s.list[:n:n]
	if s.list = s.list[n:]; len(s.list) == 0 {
		s.list = nil
	}
	for _, f := range feeds {
		f.queued.Store(false)
	}
	return feeds
}

// run ends with the log.
func (s *syncer) run() {
	backoff := 10 * time.Millisecond
	for {
		select {
		case <-s.wake:
		case <-s.log.ctx.Done():
			return
		}
		for feeds := s.take(); len(feeds) > 0 && s.log.ctx.Err() == nil; feeds = s.take() {
			if s.compare(feeds) {
				backoff = 10 * time.Millisecond
				continue
			}
			sleep(s.log.ctx, backoff)
			backoff = min(2*backoff, 500*time.Millisecond)
		}
	}
}

// compare compares feeds with the store and returns whether that worked for all; the others are on
// the list again.
func (s *syncer) compare(feeds []*feed) bool {
	l := s.log
	ctx, cancel := l.timeout()
	defer cancel()
	type comparison struct {
		feed *feed
		from position
		cmd  *redis.Cmd
	}
	pipe := l.client.Pipeline()
	var asked []comparison
	ok := true
	for _, f := range feeds {
		if f.gone.Load() {
			continue
		}
		if err := l.route(ctx, f); err != nil {
			ok = false
			s.request(f)
			continue
		}
		p := f.position()
		if p.session == 0 {
			continue // the link asks when it has subscribed
		}
		q := query{known: p, after: p.at, count: syncCount, bytes: syncBytes, newest: true}
		asked = append(asked, comparison{f, p, l.readCmd(ctx, pipe, f.keys, q)})
	}
	if len(asked) == 0 {
		return ok
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for _, c := range asked {
		found, err := l.readReply(ctx, c.cmd, c.feed.keys)
		if err != nil {
			l.o.Logger.Warn("redislog: comparing with the store", "topic", c.feed.topic, "error", err)
			ok = false
			c.feed.mu.Lock()
			c.feed.doubt()
			c.feed.mu.Unlock()
			continue
		}
		c.feed.compared(c.from, found)
	}
	return ok
}
