// Package window holds the newest messages of one topic in memory, for logs: reads and waits take no
// lock and copy nothing, however many subscribers there are.
package window

import (
	"errors"
	"slices"
	"sync/atomic"

	"transportlab/transports"
)

// ErrBehind says that the log holds messages after the cursor which the window does not.
var ErrBehind = errors.New("window: the cursor lies before the window")

// Limits bound a window.
type Limits struct {
	Messages int  // most messages, the log's own limit: what the window drops for it, the log has dropped too
	Bytes    int  // most bytes of Data; the newest message stays, however large
	Whole    bool // the window is the log itself: what it drops for Bytes is gone as well
}

// A Window is the newest run of messages of one topic, in one epoch. Views may be taken at any time
// by anyone; the other methods by one goroutine at a time (the owner holds a lock).
type Window struct {
	state     atomic.Pointer[View]
	listeners []*Listener
}

// A Listener hears of each change of a Window; see [transports.Notifier].
type Listener struct {
	fn func([]transports.Message)
}

// Listen adds a listener.
func (w *Window) Listen(fn func([]transports.Message)) *Listener {
	l := &Listener{fn}
	w.listeners = append(w.listeners, l)
	return l
}

// Leave removes a listener.
func (w *Window) Leave(l *Listener) {
	w.listeners = slices.DeleteFunc(w.listeners, func(x *Listener) bool { return x == l })
}

// A View is a window as it was at one moment. It does not change.
type View struct {
	epoch  string
	first  uint64 // offset of ms[0], or of the message that will come next
	oldest uint64 // offset of the oldest message that the log holds, or of the one that will come next
	ms     []transports.Message
	bytes  int
	news   atomic.Pointer[chan struct{}] // made by the first who waits; closed by the next view
}

var closed = func() *chan struct{} { c := make(chan struct{}); close(c); return &c }()

// New returns an empty window on a topic that has no epoch yet.
func New() *Window {
	w := &Window{}
	w.state.Store(&View{first: 1, oldest: 1})
	return w
}

// View returns the window as it is now.
func (w *Window) View() *View { return w.state.Load() }

// Begin replaces everything: the log's oldest message is at offset oldest, and ms, whose first would
// be at offset first, are its newest; what is over the limits is dropped. Everyone who waits is woken.
func (w *Window) Begin(l Limits, epoch string, oldest, first uint64, ms []transports.Message) {
	n := &View{epoch: epoch, first: first, oldest: oldest, ms: slices.Clone(ms)}
	for i := range ms {
		n.bytes += len(ms[i].Data)
	}
	n.trim(l)
	w.set(n, nil)
}

// Append adds messages that follow on what the window holds, drops what is over the limits, and wakes
// everyone who waits.
func (w *Window) Append(l Limits, ms ...transports.Message) {
	old := w.state.Load()
	// Old views share the array: they never look behind their own end, and only the newest grows.
	n := &View{epoch: old.epoch, first: old.first, oldest: old.oldest, ms: append(old.ms, ms...), bytes: old.bytes}
	for i := range ms {
		n.bytes += len(ms[i].Data)
	}
	n.trim(l)
	w.set(n, ms)
}

// trim drops what is over the limits, before anyone has seen v.
func (v *View) trim(l Limits) {
	for len(v.ms) > l.Messages || v.bytes > l.Bytes && len(v.ms) > 1 {
		v.bytes -= len(v.ms[0].Data)
		v.ms = v.ms[1:]
		v.first++
		if l.Whole {
			v.oldest = v.first
		}
	}
	if last := v.Last(); last >= uint64(l.Messages) {
		v.oldest = max(v.oldest, last-uint64(l.Messages)+1)
	}
}

// Wake makes everyone who waits look again.
func (w *Window) Wake() {
	old := w.state.Load()
	w.set(&View{epoch: old.epoch, first: old.first, oldest: old.oldest, ms: old.ms, bytes: old.bytes}, nil)
}

// set makes n the window, in which ms are new.
func (w *Window) set(n *View, ms []transports.Message) {
	old := w.state.Swap(n)
	if news := old.news.Swap(closed); news != nil {
		close(*news)
	}
	for _, l := range w.listeners {
		l.fn(ms)
	}
}

// News returns a channel that is closed when the window is no longer as in v.
func (v *View) News() <-chan struct{} {
	if news := v.news.Load(); news != nil {
		return *news
	}
	news := make(chan struct{})
	if v.news.CompareAndSwap(nil, &news) {
		return news
	}
	return *v.news.Load()
}

// Epoch returns the topic's epoch, "" before its first.
func (v *View) Epoch() string { return v.epoch }

// Oldest returns the offset of the oldest message that the log holds.
func (v *View) Oldest() uint64 { return v.oldest }

// Last returns the offset of the newest message, Oldest()-1 when there is none.
func (v *View) Last() uint64 { return v.first + uint64(len(v.ms)) - 1 }

// Bytes returns how many bytes of Data the window holds.
func (v *View) Bytes() int { return v.bytes }

// At returns the message with an offset, nil when the window does not hold it.
func (v *View) At(offset uint64) *transports.Message {
	if offset < v.first || offset > v.Last() {
		return nil
	}
	return &v.ms[offset-v.first]
}

// Read returns at most limit messages after the cursor, none when it is at the end; a *GapError as
// [transports.Log] has it; or ErrBehind. The slice is shared: it must not be changed.
func (v *View) Read(after transports.Cursor, limit int) ([]transports.Message, error) {
	i, err := v.find(after)
	if err != nil {
		return nil, err
	}
	j := i + min(max(limit, 0), len(v.ms)-i)
	return v.ms[i:j:j], nil
}

// Ready tells whether Read would return a message or an error.
func (v *View) Ready(after transports.Cursor) bool {
	i, err := v.find(after)
	return err != nil || i < len(v.ms)
}

func (v *View) find(after transports.Cursor) (int, error) {
	last := v.Last()
	switch {
	case after.IsZero():
		if v.first > v.oldest {
			return 0, ErrBehind
		}
		return 0, nil
	case after.Epoch != v.epoch, after.Offset > last, after.Offset+1 < v.oldest:
		return 0, &transports.GapError{After: after, Epoch: v.epoch, First: v.oldest, Last: last}
	case after.Offset+1 < v.first:
		return 0, ErrBehind
	}
	return int(after.Offset + 1 - v.first), nil
}
