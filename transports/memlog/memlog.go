// Package memlog keeps a transports.Log in the memory of this process: for tests, for floors, and
// for a server that needs no second node. Everything is lost with the process.
package memlog

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/window"
)

// Options bound a log. The zero value of a field is its default.
type Options struct {
	MaxLen  int           // messages held per topic; 10,000
	MaxByte int           // bytes of Data held per topic; 64 MiB
	IDs     time.Duration // how long an ID is remembered at least; 5 minutes
	MaxIDs  int           // IDs of a topic after which the oldest are forgotten sooner; 500,000
	Topics  int           // topics held; 10,000: one more is ErrRateLimited
	Idle    time.Duration // a topic without appends and waiters for this long is forgotten; 1 hour
}

// A Log is a transports.BatchLog in memory. Use New. Reads and waits take no lock. A topic begins
// with its first message: to read it before, or to wait for it, keeps nothing.
type Log struct {
	o      Options
	topics sync.Map     // name → *topic
	mu     sync.Mutex   // creating and removing topics
	count  atomic.Int64 // of topics
	swept  time.Time
	closed atomic.Bool
}

// New returns an empty log.
func New(o Options) *Log {
	set(&o.MaxLen, 10_000)
	set(&o.MaxByte, 64<<20)
	set(&o.MaxIDs, 500_000)
	set(&o.Topics, 10_000)
	set(&o.IDs, 5*time.Minute)
	set(&o.Idle, time.Hour)
	return &Log{o: o, swept: time.Now()}
}

func set[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Close ends every Wait with ErrUnavailable, and all later calls.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed.Store(true)
	for _, t := range l.topics.Range {
		t := t.(*topic)
		t.mu.Lock()
		t.w.Wake()
		t.mu.Unlock()
	}
	return nil
}

// Forget loses a topic, as a store that was restarted without its data does: its next epoch is new.
func (l *Log) Forget(name string) {
	if t := l.find(name); t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.begin()
	}
}

// Append implements transports.Log.
func (l *Log) Append(ctx context.Context, name string, m transports.Message) (transports.Cursor, error) {
	t, err := l.open(ctx, name)
	if err != nil {
		return transports.Cursor{}, err
	}
	defer t.mu.Unlock()
	new, c, err := t.position(&m, 0, &l.o, time.Now())
	if new {
		t.w.Append(l.limits(), m)
	}
	return c, err
}

// AppendBatch implements transports.BatchLog. Waiters are woken once.
func (l *Log) AppendBatch(ctx context.Context, name string, ms []transports.Message) []transports.AppendResult {
	results := make([]transports.AppendResult, len(ms))
	t, err := l.open(ctx, name)
	if err != nil {
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	defer t.mu.Unlock()
	now := time.Now()
	added := make([]transports.Message, 0, len(ms))
	for i, m := range ms {
		var new bool
		if new, results[i].Cursor, results[i].Err = t.position(&m, len(added), &l.o, now); new {
			added = append(added, m)
		}
	}
	if len(added) > 0 {
		t.w.Append(l.limits(), added...)
	}
	return results
}

func (l *Log) limits() window.Limits {
	return window.Limits{Messages: l.o.MaxLen, Bytes: l.o.MaxByte, Whole: true}
}

// Read implements transports.Log. The slice and its Data are shared: they must not be changed.
func (l *Log) Read(ctx context.Context, name string, after transports.Cursor, limit int) ([]transports.Message, error) {
	if l.closed.Load() {
		return nil, transports.ErrUnavailable
	}
	t := l.find(name)
	if t != nil {
		if v := t.w.View(); v.Epoch() != "" || after.IsZero() {
			return v.Read(after, limit)
		}
	} else if after.IsZero() {
		return nil, transports.CheckTopic(name)
	}
	// The cursor is of a log that is gone; the gap has to name the epoch that comes after it.
	t, err := l.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.w.View().Read(after, limit)
}

// Wait implements transports.Log.
func (l *Log) Wait(ctx context.Context, name string, after transports.Cursor) error {
	for {
		if l.closed.Load() {
			return transports.ErrUnavailable
		}
		t := l.find(name)
		if t == nil {
			if !after.IsZero() {
				return transports.CheckTopic(name) // a gap
			}
			var err error
			if t, err = l.create(name); err != nil {
				return err
			}
		}
		if err := t.wait(ctx, after, &l.closed); err != nil {
			l.drop(name, t)
			return err
		}
		if v := t.w.View(); v.Ready(after) {
			return nil
		}
	}
}

// wait returns nil when the topic is worth another look.
func (t *topic) wait(ctx context.Context, after transports.Cursor, closed *atomic.Bool) error {
	v := t.w.View()
	if v.Ready(after) {
		return nil
	}
	t.waiters.Add(1)
	defer t.waiters.Add(-1)
	news := v.News()
	switch { // both are set before the last wake-up, which may have been before View
	case closed.Load():
		return transports.ErrUnavailable
	case t.gone.Load():
		return nil
	}
	select {
	case <-news:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Notify implements transports.Notifier.
func (l *Log) Notify(name string, fn func([]transports.Message)) (stop func(), err error) {
	for {
		t, err := l.create(name)
		if err != nil {
			return nil, err
		}
		t.mu.Lock()
		if t.gone.Load() {
			t.mu.Unlock()
			continue
		}
		t.waiters.Add(1) // it is in use, however long nothing is appended
		listener := t.w.Listen(fn)
		t.mu.Unlock()
		return func() {
			t.mu.Lock()
			t.w.Leave(listener)
			t.mu.Unlock()
			t.waiters.Add(-1)
			l.drop(name, t)
		}, nil
	}
}

// newEpoch is short, because it is in every cursor on the wire; 30 random bits tell the lives of one
// topic apart.
func newEpoch() string { return rand.Text()[:6] }

var (
	_ transports.BatchLog = (*Log)(nil)
	_ transports.Notifier = (*Log)(nil)
)
