package memlog

import (
	"bytes"
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/window"
)

// A topic is one sequence of messages and the memory of their IDs. Its epoch is "" until the first
// message.
type topic struct {
	w       *window.Window
	waiters atomic.Int64

	gone atomic.Bool // no longer in the log: look it up again; set under mu

	mu      sync.Mutex
	used    time.Time
	ids     map[string]stored // of this generation
	older   map[string]stored // of the one before: an ID lives for one to two generations
	rotated time.Time
}

// A stored is what is remembered of a message: where it is, and enough to recognise its data.
type stored struct {
	offset uint64
	sum    uint64
}

var seed = maphash.MakeSeed() // nothing leaves the process, so a seed of its own will do

func sum(m *transports.Message) uint64 {
	s := maphash.Bytes(seed, m.Data)
	if m.Binary {
		return ^s
	}
	return s
}

// begin starts a new epoch; t is locked.
func (t *topic) begin() {
	t.ids, t.older, t.rotated = map[string]stored{}, nil, time.Now()
	t.w.Begin(window.Limits{}, newEpoch(), 1, 1, nil)
}

// position finds m's place. New tells that it is behind the window's last message and ahead others,
// and that m must be put into the window before t is unlocked.
func (t *topic) position(m *transports.Message, ahead int, o *Options, now time.Time) (new bool, c transports.Cursor, err error) {
	if err := transports.CheckID(m.ID); err != nil {
		return false, c, err
	}
	if now.Sub(t.rotated) > o.IDs || len(t.ids) >= o.MaxIDs/2 {
		t.ids, t.older, t.rotated = map[string]stored{}, t.ids, now
	}
	v := t.w.View()
	s, known := t.ids[m.ID]
	if !known {
		s, known = t.older[m.ID]
	}
	c = transports.Cursor{Epoch: v.Epoch(), Offset: s.offset}
	if known {
		if s.sum != sum(m) {
			return false, transports.Cursor{}, transports.ErrConflict
		}
		return false, c, nil
	}
	c.Offset = v.Last() + uint64(ahead) + 1
	m.Cursor, m.Data = c, bytes.Clone(m.Data)
	t.ids[m.ID] = stored{c.Offset, sum(m)}
	t.used = now
	return true, c, nil
}

// find returns the topic, nil when there is none.
func (l *Log) find(name string) *topic {
	if t, ok := l.topics.Load(name); ok {
		return t.(*topic)
	}
	return nil
}

// open returns the topic locked and with an epoch; it is created if need be.
func (l *Log) open(ctx context.Context, name string) (*topic, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		t := l.find(name)
		if t == nil {
			var err error
			if t, err = l.create(name); err != nil {
				return nil, err
			}
		}
		t.mu.Lock()
		switch {
		case l.closed.Load():
			t.mu.Unlock()
			return nil, transports.ErrUnavailable
		case t.gone.Load():
			t.mu.Unlock()
			continue
		case t.w.View().Epoch() == "":
			t.begin()
		}
		return t, nil
	}
}

// create returns the topic, which it makes if there is none.
func (l *Log) create(name string) (*topic, error) {
	if err := transports.CheckTopic(name); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed.Load() {
		return nil, transports.ErrUnavailable
	}
	if t := l.find(name); t != nil {
		return t, nil
	}
	now := time.Now()
	if since := now.Sub(l.swept); since > l.o.Idle/4 || int(l.count.Load()) >= l.o.Topics && since > time.Second {
		l.sweep(now)
	}
	if int(l.count.Load()) >= l.o.Topics {
		return nil, transports.ErrRateLimited
	}
	t := &topic{w: window.New(), used: now}
	l.topics.Store(name, t)
	l.count.Add(1)
	return t, nil
}

// drop removes a topic that never had a message when nobody waits for one any more.
func (l *Log) drop(name string, t *topic) {
	if t.w.View().Epoch() != "" || t.waiters.Load() > 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.w.View().Epoch() == "" && t.waiters.Load() == 0 {
		l.remove(name, t)
	}
}

// sweep removes the idle topics; l.mu is held.
func (l *Log) sweep(now time.Time) {
	l.swept = now
	for name, v := range l.topics.Range {
		t := v.(*topic)
		t.mu.Lock()
		if t.waiters.Load() == 0 && now.Sub(t.used) > l.o.Idle {
			l.remove(name.(string), t)
		}
		t.mu.Unlock()
	}
}

// remove forgets t; l.mu and t.mu are held. Whoever began to wait in this very moment is woken and
// looks the topic up again.
func (l *Log) remove(name string, t *topic) {
	if t.gone.Load() {
		return
	}
	t.gone.Store(true)
	l.topics.Delete(name)
	l.count.Add(-1)
	t.w.Wake()
}
