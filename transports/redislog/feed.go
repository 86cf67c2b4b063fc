package redislog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/window"
)

// A feed is a topic that this process follows: a window in memory that live messages extend. It is
// fresh while the window surely ends where the topic ends, as far as this process has been told; what
// a window that is not fresh cannot answer, the store is asked.
//
// The window is filled by three: the link with live messages, the syncer with what it reads, the
// appender with what this process stored. Whoever comes first with the next offset adds it.
type feed struct {
	log     *Log
	topic   string
	keys    []string
	w       *window.Window
	fresh   atomic.Bool
	used    atomic.Int64 // the log's clock at the last call
	waiters atomic.Int64
	gone    atomic.Bool // no longer followed; set under mu
	queued  atomic.Bool // the syncer has it on its list

	mu      sync.Mutex
	link    *link
	session uint64 // the link's subscription that carries the topic; 0: none does
	synced  bool   // the window has been compared with the store in this session
	stamp   string // of the window's last message
	ahead   []entry
	missed  bool              // ahead overflowed
	own     transports.Cursor // the last position that this process was given
	heard   uint64            // offset of the last live message
	late    uint64            // offset that the syncer found before the link brought it; 0: none
}

// mostAhead is how many live messages a feed keeps while it reads what came before them.
const mostAhead = 1024

func newFeed(l *Log, topic string) *feed {
	return &feed{log: l, topic: topic, keys: keysOf(l.o.Prefix, topic), w: window.New()}
}

// settle recomputes fresh; f is locked.
func (f *feed) settle() {
	v := f.w.View()
	f.fresh.Store(f.synced && (f.own.Epoch != v.Epoch() || f.own.Offset <= v.Last()))
}

// doubt asks for a comparison with the store; f is locked.
func (f *feed) doubt() {
	f.synced = false
	f.settle()
	f.log.syncer.request(f)
}

// add extends the window by messages that follow on it; f is locked.
func (f *feed) add(es ...entry) {
	ms := make([]transports.Message, len(es))
	for i := range es {
		ms[i] = es[i].Message
	}
	before := f.w.View().Bytes()
	f.stamp = es[len(es)-1].stamp
	f.w.Append(f.log.limits(), ms...)
	f.log.held.Add(int64(f.w.View().Bytes() - before))
}

// begin replaces the window; f is locked.
func (f *feed) begin(epoch string, last, oldest uint64, es []entry) {
	ms := make([]transports.Message, len(es))
	for i := range es {
		ms[i] = es[i].Message
	}
	first := last + 1
	f.stamp = ""
	if len(es) > 0 {
		first, f.stamp = es[0].Offset, es[len(es)-1].stamp
	}
	if epoch != f.w.View().Epoch() {
		f.heard, f.late = 0, 0
	}
	before := f.w.View().Bytes()
	f.w.Begin(f.log.limits(), epoch, oldest, first, ms)
	f.log.held.Add(int64(f.w.View().Bytes() - before))
}

// next takes one message if it is the one that follows; it tells whether the window holds it now.
// f is locked.
func (f *feed) next(e entry) bool {
	v := f.w.View()
	switch {
	case e.Epoch == v.Epoch() && e.Offset == v.Last()+1:
		f.add(e)
	case e.Epoch != v.Epoch() && e.Offset == 1:
		f.begin(e.Epoch, 1, 1, []entry{e})
	default:
		held := v.At(e.Offset)
		// A held message with another ID: the store has lost that position and given it away again.
		return e.Epoch == v.Epoch() && e.Offset <= v.Last() && (held == nil || held.ID == e.ID)
	}
	return true
}

// holds tells whether the store still holds what follows on the cursor, as far as this process has
// been told, although the window may not reach to the end.
func (f *feed) holds(after transports.Cursor) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !after.IsZero() && (f.own.Epoch != after.Epoch || after.Offset+uint64(f.log.o.MaxLen) >= f.own.Offset)
}

// onTheWay is how long messages may take that were published before others that this process has been
// told of; in an unbroken session that is a fraction of a millisecond.
const onTheWay = 50 * time.Millisecond

// catchesUp returns true once the window holds what this process had been told of, and false when it
// will not, since no session brings it.
func (f *feed) catchesUp(ctx context.Context) bool {
	f.mu.Lock()
	own, synced := f.own, f.synced
	f.mu.Unlock()
	if !synced {
		return false
	}
	timer := time.NewTimer(onTheWay)
	defer timer.Stop()
	for {
		v := f.w.View()
		if v.Epoch() != own.Epoch || v.Last() >= own.Offset {
			return v.Epoch() == own.Epoch
		}
		select {
		case <-v.News():
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// live takes what the link received: a message, or with an empty body the news that the epoch changed.
func (f *feed) live(at transports.Cursor, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session == 0 {
		return // of a subscription that has ended
	}
	if v := f.w.View(); f.synced && at.Epoch == v.Epoch() && at.Offset <= v.Last() {
		f.heard = max(f.heard, at.Offset)
		if held := v.At(at.Offset); body != "" && held != nil && held.ID != idOf(body) {
			f.doubt()
		}
		return // the usual end of what this process has appended itself
	}
	e, ok := decode(at, body)
	if !ok {
		f.doubt()
		return
	}
	if f.synced && f.next(e) {
		f.heard = at.Offset
		f.settle()
		return
	}
	if len(f.ahead) >= mostAhead {
		f.ahead, f.missed = nil, true
	} else {
		f.ahead = append(f.ahead, e)
	}
	if f.synced { // otherwise a comparison is on its way
		f.doubt()
	}
}

// appended takes what this process has stored just now, in order.
func (f *feed) appended(es []entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = es[len(es)-1].Cursor
	if f.synced {
		v, first := f.w.View(), es[0].Cursor
		n := 1 // how many follow on each other; other nodes' messages may lie between
		for n < len(es) && es[n].Cursor == (transports.Cursor{Epoch: first.Epoch, Offset: first.Offset + uint64(n)}) {
			n++
		}
		switch {
		case first.Epoch == v.Epoch() && first.Offset == v.Last()+1:
			f.add(es[:n]...)
		case first.Epoch != v.Epoch() && first.Offset == 1:
			f.begin(first.Epoch, es[n-1].Offset, 1, es[:n])
		case first.Epoch != v.Epoch():
			f.doubt()
		}
	}
	f.settle()
}

// subscribed begins a session: from now on every message of the topic arrives.
func (f *feed) subscribed(l *link, session uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.link == l && !f.gone.Load() {
		f.session, f.ahead, f.missed = session, nil, false
		f.doubt()
	}
}

// cut ends the session.
func (f *feed) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.session, f.synced, f.ahead, f.late = 0, false, nil, 0
	f.settle()
}

// detach takes the feed off a link that has lost it; the syncer finds it another, or the same again.
func (f *feed) detach(k *link) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.link == k {
		f.link, f.session, f.synced, f.ahead = nil, 0, false, nil
		f.settle()
		f.log.syncer.request(f)
	}
}
