// Package memlog keeps a transports.Log in the memory of this process: for tests, for floors, and
// for a server that needs no second node. Everything is lost with the process.
package memlog

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"
	"time"

	"transportlab/transports"
)

// Options bound a log. The zero value of a field is its default.
type Options struct {
	MaxLen  int           // messages held per topic; 10,000
	MaxByte int           // bytes of Data held per topic; 64 MiB
	IDs     time.Duration // how long an ID is remembered after its message; 5 minutes
	Topics  int           // topics held; 10,000: one more is ErrRateLimited
}

// A Log is a transports.BatchLog in memory. Use New.
type Log struct {
	o      Options
	mu     sync.Mutex
	topics map[string]*topic
	closed chan struct{}
}

// A topic holds messages with offsets first … first+len(ms)-1. It has its own lock, so topics do not
// wait for each other.
type topic struct {
	mu    sync.Mutex
	epoch string
	first uint64
	ms    []transports.Message
	bytes int
	ids   map[string]stored
	order []stored      // ids by age, to forget them in time
	news  chan struct{} // closed and replaced at each change; nil while nobody waits
}

type stored struct {
	id     string
	offset uint64
	data   []byte
	binary bool
	at     time.Time
}

// New returns an empty log.
func New(o Options) *Log {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&o.MaxLen, 10_000)
	set(&o.MaxByte, 64<<20)
	set(&o.Topics, 10_000)
	if o.IDs <= 0 {
		o.IDs = 5 * time.Minute
	}
	return &Log{o: o, topics: map[string]*topic{}, closed: make(chan struct{})}
}

// Close ends every Wait with ErrUnavailable, and all later calls.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.isClosed() {
		close(l.closed)
	}
	return nil
}

func (l *Log) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Forget loses a topic, as a store that was restarted without its data does: its next epoch is new.
func (l *Log) Forget(name string) {
	l.mu.Lock()
	t := l.topics[name]
	l.mu.Unlock()
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch, t.first, t.ms, t.bytes, t.ids, t.order = rand.Text()[:6], 1, nil, 0, map[string]stored{}, nil
	t.wake()
}

// get returns the topic, which it creates if need be.
func (l *Log) get(name string) (*topic, error) {
	if err := transports.CheckTopic(name); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return nil, transports.ErrUnavailable
	}
	t := l.topics[name]
	if t == nil {
		if len(l.topics) >= l.o.Topics {
			return nil, transports.ErrRateLimited
		}
		t = &topic{epoch: rand.Text()[:6], first: 1, ids: map[string]stored{}}
		l.topics[name] = t
	}
	return t, nil
}

// Append implements transports.Log.
func (l *Log) Append(ctx context.Context, name string, m transports.Message) (transports.Cursor, error) {
	t, err := l.get(name)
	if err != nil {
		return transports.Cursor{}, err
	}
	if err := ctx.Err(); err != nil {
		return transports.Cursor{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c, err := t.append(m, &l.o, time.Now())
	t.wake()
	return c, err
}

// AppendBatch implements transports.BatchLog.
func (l *Log) AppendBatch(ctx context.Context, name string, ms []transports.Message) []transports.AppendResult {
	results := make([]transports.AppendResult, len(ms))
	t, err := l.get(name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, m := range ms {
		results[i].Cursor, results[i].Err = t.append(m, &l.o, now)
	}
	t.wake()
	return results
}

func (t *topic) append(m transports.Message, o *Options, now time.Time) (transports.Cursor, error) {
	if err := transports.CheckID(m.ID); err != nil {
		return transports.Cursor{}, err
	}
	for len(t.order) > 0 && now.Sub(t.order[0].at) > o.IDs {
		delete(t.ids, t.order[0].id)
		t.order = t.order[1:]
	}
	if s, ok := t.ids[m.ID]; ok {
		if s.binary != m.Binary || !bytes.Equal(s.data, m.Data) {
			return transports.Cursor{}, transports.ErrConflict
		}
		return transports.Cursor{Epoch: t.epoch, Offset: s.offset}, nil
	}
	m.Cursor = transports.Cursor{Epoch: t.epoch, Offset: t.first + uint64(len(t.ms))}
	m.Data = bytes.Clone(m.Data)
	t.ms = append(t.ms, m)
	t.bytes += len(m.Data)
	s := stored{m.ID, m.Offset, m.Data, m.Binary, now}
	t.ids[m.ID] = s
	t.order = append(t.order, s)
	for len(t.ms) > o.MaxLen || t.bytes > o.MaxByte && len(t.ms) > 1 {
		t.bytes -= len(t.ms[0].Data)
		t.ms[0] = transports.Message{}
		t.ms = t.ms[1:]
		t.first++
	}
	return m.Cursor, nil
}

// wake releases the waiters; the topic is locked.
func (t *topic) wake() {
	if t.news != nil {
		close(t.news)
		t.news = nil
	}
}

// Read implements transports.Log. The messages' Data is shared: it must not be changed.
func (l *Log) Read(ctx context.Context, name string, after transports.Cursor, limit int) ([]transports.Message, error) {
	t, err := l.get(name)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i, err := t.index(after)
	if err != nil || i == len(t.ms) {
		return nil, err
	}
	return append([]transports.Message(nil), t.ms[i:min(i+limit, len(t.ms))]...), nil
}

// index returns where in ms the successor of the cursor stands; the topic is locked.
func (t *topic) index(after transports.Cursor) (int, error) {
	last := t.first + uint64(len(t.ms)) - 1
	if after.IsZero() {
		after = transports.Cursor{Epoch: t.epoch, Offset: 0}
		if t.first > 1 {
			after.Offset = t.first - 1
		}
	}
	if after.Epoch != t.epoch || after.Offset+1 < t.first || after.Offset > last {
		return 0, &transports.GapError{After: after, Epoch: t.epoch, First: t.first, Last: last}
	}
	return int(after.Offset + 1 - t.first), nil
}

// Wait implements transports.Log.
func (l *Log) Wait(ctx context.Context, name string, after transports.Cursor) error {
	for {
		t, err := l.get(name)
		if err != nil {
			return err
		}
		t.mu.Lock()
		if i, err := t.index(after); err != nil || i < len(t.ms) {
			t.mu.Unlock()
			return nil
		}
		if t.news == nil {
			t.news = make(chan struct{})
		}
		news := t.news
		t.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.closed:
			return transports.ErrUnavailable
		}
	}
}

var _ transports.BatchLog = (*Log)(nil)
