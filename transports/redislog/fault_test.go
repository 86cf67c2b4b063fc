package redislog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"transportlab/transports"
)

// quick are options with which a fault is noticed soon.
func quick() Options {
	return Options{Check: 100 * time.Millisecond, Timeout: 500 * time.Millisecond}
}

// A reader follows a topic as a client does, over gaps and while the store is away, and checks that
// nothing is passed over in silence.
type reader struct {
	t    testing.TB
	mu   sync.Mutex
	got  []transports.Message
	gaps []*transports.GapError
	at   transports.Cursor
}

// follow starts a reader that ends with the test.
func follow(t testing.TB, log transports.Log, topic string) *reader {
	r := &reader{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { // ends with ctx
		var after transports.Cursor
		for ctx.Err() == nil {
			err := transports.Follow(ctx, log, topic, after, 100, func(ms []transports.Message) error {
				for _, m := range ms {
					r.take(after, m)
					after = m.Cursor
				}
				return nil
			})
			var gap *transports.GapError
			if errors.As(err, &gap) {
				after = gap.Resume()
				r.mu.Lock()
				r.gaps, r.at = append(r.gaps, gap), after
				r.mu.Unlock()
			} else if ctx.Err() == nil && !errors.Is(err, transports.ErrUnavailable) {
				t.Errorf("following: %v", err)
				return
			} else if ctx.Err() == nil {
				sleep(ctx, 10*time.Millisecond)
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return r
}

func (r *reader) take(after transports.Cursor, m transports.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !after.IsZero() && (m.Epoch != after.Epoch || m.Offset != after.Offset+1) {
		r.t.Errorf("%q follows on %q without a gap", m.Cursor, after)
	}
	r.got, r.at = append(r.got, m), m.Cursor
}

// reaches waits until the reader is at a position.
func (r *reader) reaches(at transports.Cursor) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("a reader reaches %q", at), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.at == at
	})
}

func (r *reader) seen() (ids []string, gaps int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.got {
		ids = append(ids, m.ID)
	}
	return ids, len(r.gaps)
}

func text(id string) transports.Message {
	return transports.Message{ID: id, Data: []byte("data of " + id)}
}

// put appends, again and again under the same ID while the store is away.
func put(t testing.TB, log transports.Log, topic, id string) transports.Cursor {
	t.Helper()
	var c transports.Cursor
	var err error
	eventually(t, "append "+id, func() bool {
		c, err = log.Append(t.Context(), topic, text(id))
		if err != nil && !errors.Is(err, transports.ErrUnavailable) {
			t.Fatalf("append %s: %v", id, err)
		}
		return err == nil
	})
	return c
}

func fill(t testing.TB, log transports.Log, topic string, from, n int) (last transports.Cursor) {
	t.Helper()
	for i := from; i < from+n; i++ {
		last = put(t, log, topic, fmt.Sprint("id", i))
	}
	return last
}

// nodes opens two logs on one store.
func nodes(t testing.TB, url string, o Options) (one, two *Log) {
	t.Helper()
	return open(t, url, o).Log.(*Log), open(t, url, o).Log.(*Log)
}

// refused checks that an append fails as it should.
func refused(t testing.TB, log transports.Log, topic string, want *transports.Error) {
	t.Helper()
	_, err := log.Append(t.Context(), topic, text("refused"))
	var kind *transports.Error
	if !errors.Is(err, want) || !errors.As(err, &kind) || kind.Code != want.Code {
		t.Errorf("append: %v; want %v", err, want)
	}
}
