package checker

import (
	"sync"
	"sync/atomic"

	"transportlab/transports"
)

// A topic is what all records of one topic together say.
type topic struct {
	c    *Checker
	name string

	mu      sync.Mutex
	epochs  map[string]*epoch
	tail    transports.Cursor // the last that anyone has seen, in the newest epoch
	pending map[uint64]uint64 // sent and not acknowledged: sum by ID
	sends   bool              // a publisher records what it sends
}

// An epoch remembers its last messages in a ring. Readers take no lock: of a fan-out all but the
// first delivery compare two words.
type epoch struct {
	name string
	ring atomic.Pointer[ring]

	// Under the topic's mutex.
	byID        map[uint64]uint64 // offset by ID, of those in the ring
	first, last uint64            // lowest and highest offset seen
	distinct    uint64            // offsets seen
}

// A ring has an entry for each of the last messages, at offset modulo its length, a power of two.
type ring []entry

type entry struct {
	offset atomic.Uint64
	sum    atomic.Uint64
	id     uint64 // under the topic's mutex
}

func (r ring) at(offset uint64) *entry { return &r[offset&uint64(len(r)-1)] }

// epoch returns the epoch's memory, made if need be; the topic is locked.
func (t *topic) epoch(name string) *epoch {
	e := t.epochs[name]
	if e == nil {
		e = &epoch{name: name, byID: map[uint64]uint64{}}
		e.ring.Store(&ring{})
		t.epochs[name] = e
		t.tail = transports.Cursor{Epoch: name}
	}
	return e
}

// saw compares a message with what others saw at its offset.
func (t *topic) saw(e *epoch, offset, id, sum uint64, who string) {
	if r := *e.ring.Load(); len(r) > 0 {
		if x := r.at(offset); x.offset.Load() == offset && x.sum.Load() == sum && x.offset.Load() == offset {
			return
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.learn(e, offset, id, sum, who)
}

// learn is saw for what is not simply known; the topic is locked.
func (t *topic) learn(e *epoch, offset, id, sum uint64, who string) {
	t.grow(e, offset)
	r := *e.ring.Load()
	x := r.at(offset)
	switch known := x.offset.Load(); {
	case known > offset:
		t.c.unchecked.Add(1)
		return
	case known == offset && x.sum.Load() == sum:
		return
	case known == offset && x.id != id:
		t.c.violate(1, "topic %s: offset %d of epoch %s stands for two messages, says %s", t.name, offset, e.name, who)
		return
	case known == offset:
		t.c.violate(4, "topic %s: message %d of epoch %s is not the same for %s as for others", t.name, offset, e.name, who)
		return
	case known > 0:
		delete(e.byID, x.id)
	}
	if other, ok := e.byID[id]; ok {
		rule := 5
		if _, unacknowledged := t.pending[id]; unacknowledged {
			rule = 6
		}
		t.c.violate(rule, "topic %s: the message at offset %d of epoch %s has the ID of that at %d", t.name, offset, e.name, other)
	} else if sent, ok := t.pending[id]; ok && sent != sum {
		t.c.violate(4, "topic %s: message %d of epoch %s is not what its publisher sent, says %s", t.name, offset, e.name, who)
	}
	x.offset.Store(0) // readers in between compare nothing
	x.sum.Store(sum)
	x.id = id
	x.offset.Store(offset)
	e.byID[id] = offset
	e.distinct++
	if e.first == 0 || offset < e.first {
		e.first = offset
	}
	e.last = max(e.last, offset)
	if t.tail.Epoch == e.name {
		t.tail.Offset = e.last
	}
}

// grow makes the ring long enough for everything from the first offset to this one, up to the window.
func (t *topic) grow(e *epoch, offset uint64) {
	old := *e.ring.Load()
	size := max(len(old), 64)
	span := offset + 1
	if e.first > 0 && e.first <= offset {
		span = offset - e.first + 1
	}
	for size < t.c.o.Window && uint64(size) < span {
		size *= 2
	}
	if size == len(old) {
		return
	}
	r := make(ring, size)
	for i := range old {
		if offset := old[i].offset.Load(); offset > 0 {
			x := r.at(offset)
			x.id = old[i].id
			x.sum.Store(old[i].sum.Load())
			x.offset.Store(offset)
		}
	}
	e.ring.Store(&r)
}

// check adds what only the end of a run shows.
func (t *topic) check(add func(rule int, format string, args ...any)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.epochs {
		if e.first == 0 {
			continue
		}
		holes := e.last - e.first + 1 - min(e.distinct, e.last-e.first+1)
		if t.sends && holes > uint64(len(t.pending)) {
			add(1, "topic %s: between offsets %d and %d of epoch %s, %d were never seen, and only %d sends lack an acknowledgement",
				t.name, e.first, e.last, e.name, holes, len(t.pending))
		}
	}
}
