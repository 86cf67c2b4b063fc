package memlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/transports"
)

func message(id string) transports.Message { return transports.Message{ID: id, Data: []byte("data")} }

func TestAbsentTopicsAreNotKept(t *testing.T) {
	log := New(Options{})
	defer log.Close()
	ctx, cancel := context.WithCancel(t.Context())
	for i := range 100 {
		if _, err := log.Read(ctx, fmt.Sprint("read", i), transports.Cursor{}, 1); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() { log.Wait(ctx, fmt.Sprint("wait", i%10), transports.Cursor{}) }) // ends with ctx
	}
	cancel()
	wg.Wait()
	if n := log.count.Load(); n != 0 {
		t.Errorf("%d topics are kept for readers who left", n)
	}
}

func TestIdleTopicsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := New(Options{Idle: time.Hour, Topics: 3})
		defer log.Close()
		c, err := log.Append(t.Context(), "idle", message("a"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(t.Context(), "waited", message("a")); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error, 1)
		go func() { // ends with the append to its topic
			waited <- log.Wait(t.Context(), "waited", transports.Cursor{Epoch: log.find("waited").w.View().Epoch(), Offset: 1})
		}()
		time.Sleep(59 * time.Minute)
		log.Append(t.Context(), "used", message("a"))
		time.Sleep(2 * time.Minute)
		if _, err := log.Append(t.Context(), "new", message("a")); err != nil {
			t.Fatal(err)
		}
		if log.find("idle") != nil || log.find("waited") == nil || log.find("used") == nil {
			t.Error("forgotten is what should be kept, or the other way round")
		}
		var gap *transports.GapError
		if _, err := log.Read(t.Context(), "used", c, 1); !errors.As(err, &gap) {
			t.Errorf("a cursor of another topic's epoch: %v", err)
		}
		if _, err := log.Append(t.Context(), "more", message("a")); !errors.Is(err, transports.ErrRateLimited) {
			t.Errorf("a topic over the limit: %v", err)
		}
		if _, err := log.Append(t.Context(), "waited", message("b")); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
	})
}

func TestIDsAreForgottenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := New(Options{IDs: time.Minute, MaxIDs: 10})
		defer log.Close()
		first, _ := log.Append(t.Context(), "ids", message("a"))
		time.Sleep(time.Minute)
		if c, err := log.Append(t.Context(), "ids", message("a")); c != first || err != nil {
			t.Errorf("within the window: %q, %v", c, err)
		}
		time.Sleep(2 * time.Minute)
		for i := range 2 { // each append may begin one new generation
			log.Append(t.Context(), "ids", message(fmt.Sprint("x", i)))
			time.Sleep(2 * time.Minute)
		}
		if c, err := log.Append(t.Context(), "ids", message("a")); c.Offset != 4 || err != nil {
			t.Errorf("after the window: %q, %v", c, err)
		}
		for i := range 1000 {
			log.Append(t.Context(), "ids", message(fmt.Sprint("many", i)))
		}
		if n := log.find("ids"); len(n.ids)+len(n.older) > 10 {
			t.Errorf("%d IDs are remembered, of at most 10", len(n.ids)+len(n.older))
		}
	})
}

func TestBytesAreBounded(t *testing.T) {
	log := New(Options{MaxByte: 10})
	defer log.Close()
	for i := range 10 {
		log.Append(t.Context(), "bytes", message(fmt.Sprint(i)))
	}
	ms, err := log.Read(t.Context(), "bytes", transports.Cursor{}, 10)
	if err != nil || len(ms) != 2 || ms[0].Offset != 9 {
		t.Errorf("read %d messages, %v; 2 of 4 bytes fit in 10", len(ms), err)
	}
	var gap *transports.GapError
	if _, err := log.Read(t.Context(), "bytes", transports.Cursor{Epoch: ms[0].Epoch, Offset: 3}, 1); !errors.As(err, &gap) || gap.First != 9 {
		t.Errorf("what was dropped for its size: %v", err)
	}
}

// BenchmarkFanOut is one append and its way to every waiting subscriber.
func BenchmarkFanOut(b *testing.B) {
	for _, subscribers := range []int{0, 1, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			log := New(Options{})
			ctx := b.Context()
			var wg, round sync.WaitGroup
			for range subscribers {
				wg.Go(func() { // ends when the log is closed
					transports.Follow(ctx, log, "fan", transports.Cursor{}, 256, func(ms []transports.Message) error {
						round.Add(-len(ms))
						return nil
					})
				})
			}
			b.ReportAllocs()
			m, i := message(""), 0
			for b.Loop() {
				i++
				m.ID = fmt.Sprint(i)
				round.Add(subscribers)
				if _, err := log.Append(ctx, "fan", m); err != nil {
					b.Fatal(err)
				}
				round.Wait()
			}
			log.Close()
			wg.Wait()
		})
	}
}
