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
	ctx  context.Context // ends with the last subscriber or the Hub
	stop func()          // stops the log's notices, and ends ctx

	mu     sync.RWMutex
	epoch  string
	first  uint64 // of the oldest chunk
	last   uint64
	chunks []*chunk
	subs   []*Sub
	asking bool // a goroutine is reading the log
	again  bool // and is to read it once more
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
		t = &topic{hub: h, name: name, epoch: after.Epoch, first: after.Offset + 1, last: after.Offset}
		h.topics[name] = t
		t.follow()
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
	if t.leave(s) {
		t.stop()
		delete(h.topics, t.name)
	}
}

// leave returns whether s was the last subscriber.
func (t *topic) leave(s *Sub) (last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.index < 0 {
		return false
	}
	n := len(t.subs) - 1
	t.subs[s.index] = t.subs[n]
	t.subs[s.index].index = s.index
	t.subs[n] = nil
	t.subs = t.subs[:n]
	s.index = -1
	return n == 0
}

// follow keeps the window up with the log: by the log's notices, or else by waiting for it.
func (t *topic) follow() {
	var cancel context.CancelFunc
	t.ctx, cancel = context.WithCancel(t.hub.ctx)
	t.stop = cancel
	if n, ok := t.hub.log.(transports.Notifier); ok {
		if quiet, err := n.Notify(t.name, t.news); err == nil {
			t.stop = func() { quiet(); cancel() }
			t.mu.Lock() // the first notice may have come already
			t.ask()
			t.mu.Unlock()
			return
		}
	}
	t.hub.wg.Go(func() { // ends with ctx
		for t.ctx.Err() == nil {
			t.read()
			t.hub.log.Wait(t.ctx, t.name, t.tail()) // its error is Read's too
		}
	})
}

// news takes what the log tells of: messages that follow on the window go in at once, everything else
// has the log read.
func (t *topic) news(ms []transports.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(ms) > 0 && ms[0].Epoch == t.epoch && ms[0].Offset == t.last+1 {
		t.add(ms)
		return
	}
	t.ask()
}

// ask has the log read by a goroutine; t is locked.
func (t *topic) ask() {
	if t.asking {
		t.again = true
		return
	}
	t.asking = true
	t.hub.wg.Go(func() { // ends when there is nothing more to read, or with ctx
		for more := true; more; {
			t.read()
			t.mu.Lock()
			more, t.again = t.again && t.ctx.Err() == nil, false
			t.asking = more
			t.mu.Unlock()
		}
	})
}

// read reads what the log holds beyond the window into it. While the store is away it tries again, ever
// more rarely.
func (t *topic) read() {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if t.advance() == nil {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-t.ctx.Done():
			timer.Stop()
			return
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

// advance reads until there is nothing more.
func (t *topic) advance() error {
	for {
		after := t.tail()
		ms, err := t.hub.log.Read(t.ctx, t.name, after, t.hub.batch)
		var gap *transports.GapError
		switch {
		case errors.As(err, &gap):
			t.restart(gap.Resume())
		case err != nil:
			return err
		case len(ms) == 0:
			return nil
		default:
			t.mu.Lock()
			if t.epoch == after.Epoch && t.last == after.Offset || t.epoch == "" { // no notice was faster
				t.add(ms)
			}
			t.mu.Unlock()
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

// add puts messages behind the window; t is locked.
func (t *topic) add(ms []transports.Message) {
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
