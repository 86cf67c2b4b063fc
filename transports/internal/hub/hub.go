// Package hub serves the subscribers of the transports that push. It follows each topic once per
// server, keeps the recent messages encoded, and wakes subscribers; each subscriber has a cursor and
// no queue. A message is encoded once, however many subscribers it has, and a subscriber that is
// woken finds everything that gathered since its last write as one run of bytes.
package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// The recent messages of a topic that are kept encoded. A subscriber that is further behind is
// served from the log until it has caught up.
const (
	chunkBytes = 64 << 10
	keepChunks = 16
)

// A Hub follows the topics that have subscribers.
type Hub struct {
	log   transports.Log
	batch int
	raw   bool

	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	topics map[string]*topic
}

// New returns a Hub over log whose runs hold at most batch messages. raw: the medium carries bytes as
// they are, so binary messages are encoded in the binary form, in runs of their own.
func New(log transports.Log, batch int, raw bool) *Hub {
	ctx, stop := context.WithCancel(context.Background())
	return &Hub{log: log, batch: batch, raw: raw, ctx: ctx, stop: stop, topics: map[string]*topic{}}
}

// Close stops following and waits for the Hub's goroutines.
func (h *Hub) Close() {
	h.stop()
	h.wg.Wait()
}

// A topic holds encoded messages first … last of one epoch in chunks, and who wants to hear of more.
type topic struct {
	hub  *Hub
	name string
	stop context.CancelFunc

	pull sync.Mutex // held by whoever reads the log into the window

	mu     sync.RWMutex
	epoch  string
	first  uint64 // of the oldest chunk
	last   uint64
	chunks []*chunk
	subs   []*Sub
}

// A chunk is consecutive messages, encoded one after another in one form.
type chunk struct {
	first  uint64
	binary bool
	buf    []byte
	ends   []int // where in buf each message ends
}

// Subscribe begins at the cursor; wake is called, from any goroutine and without blocking, whenever
// Next may have news. Close the Sub to end it.
func (h *Hub) Subscribe(name string, after transports.Cursor, wake func()) *Sub {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[name]
	if t == nil {
		ctx, stop := context.WithCancel(h.ctx)
		t = &topic{hub: h, name: name, stop: stop, epoch: after.Epoch, first: after.Offset + 1, last: after.Offset}
		h.topics[name] = t
		h.wg.Add(1)
		go t.follow(ctx) // ends with the last subscriber or the Hub
	}
	s := &Sub{topic: t, at: after, wake: wake}
	t.mu.Lock()
	s.index = len(t.subs)
	t.subs = append(t.subs, s)
	t.mu.Unlock()
	return s
}

// Close ends the subscription; wake is not called again after a call under way.
func (s *Sub) Close() {
	t := s.topic
	h := t.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.index < 0 {
		return
	}
	last := len(t.subs) - 1
	t.subs[s.index] = t.subs[last]
	t.subs[s.index].index = s.index
	t.subs[last] = nil
	t.subs = t.subs[:last]
	s.index = -1
	if len(t.subs) == 0 {
		t.stop()
		delete(h.topics, t.name)
	}
}

// follow keeps the window up with the log. While the store is away it asks again, ever more rarely.
func (t *topic) follow(ctx context.Context) {
	defer t.hub.wg.Done()
	pause := 50 * time.Millisecond
	for ctx.Err() == nil {
		err := t.advance(ctx)
		if err == nil {
			pause = 50 * time.Millisecond
			err = t.hub.log.Wait(ctx, t.name, t.tail())
		}
		if err != nil && ctx.Err() == nil {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, time.Second)
		}
	}
}

func (t *topic) tail() transports.Cursor {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.epoch == "" {
		return transports.Cursor{}
	}
	return transports.Cursor{Epoch: t.epoch, Offset: t.last}
}

// advance reads what the log holds beyond the window into it, and wakes the subscribers.
func (t *topic) advance(ctx context.Context) error {
	t.pull.Lock()
	defer t.pull.Unlock()
	return t.pulled(ctx)
}

// pulled is advance for who holds t.pull.
func (t *topic) pulled(ctx context.Context) error {
	for {
		ms, err := t.hub.log.Read(ctx, t.name, t.tail(), t.hub.batch)
		var gap *transports.GapError
		switch {
		case errors.As(err, &gap):
			t.restart(gap.Resume())
		case err != nil:
			return err
		case len(ms) == 0:
			return nil
		default:
			t.add(ms)
		}
	}
}

// restart empties the window: the next message is the one after c. Subscribers learn of the gap when
// they find their cursor outside the window and ask the log.
func (t *topic) restart(c transports.Cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch, t.first, t.last, t.chunks = c.Epoch, c.Offset+1, c.Offset, nil
	t.wakeAll()
}

func (t *topic) add(ms []transports.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoch == "" {
		t.epoch, t.first, t.last = ms[0].Epoch, ms[0].Offset, ms[0].Offset-1
	}
	for _, m := range ms {
		c := t.room(m)
		c.buf = t.hub.encode(c.buf, m)
		c.ends = append(c.ends, len(c.buf))
		t.last = m.Offset
	}
	for len(t.chunks) > keepChunks {
		t.chunks[0] = nil
		t.chunks = t.chunks[1:]
	}
	t.first = t.chunks[0].first
	t.wakeAll()
}

// room returns the chunk that takes m.
func (t *topic) room(m transports.Message) *chunk {
	binary := m.Binary && t.hub.raw
	if n := len(t.chunks); n > 0 {
		if c := t.chunks[n-1]; c.binary == binary && len(c.buf) < chunkBytes {
			return c
		}
	}
	c := &chunk{first: m.Offset, binary: binary}
	t.chunks = append(t.chunks, c)
	return c
}

func (h *Hub) encode(dst []byte, m transports.Message) []byte {
	if m.Binary && h.raw {
		return wire.AppendBinaryEntry(dst, m)
	}
	return wire.AppendEntry(dst, m)
}

func (t *topic) wakeAll() {
	for _, s := range t.subs {
		s.wake()
	}
}
