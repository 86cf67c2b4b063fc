package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Reach publishes until a message has reached every client: a server may answer a client a moment before it
// knows it, so that one message need not.
func (f *Fleet) Reach(ctx context.Context, publish func(n int) error) error {
	late := time.Now().Add(20 * time.Second)
	for n := 0; f.Slowest() < 1; n++ {
		if time.Now().After(late) {
			return errors.New("no message reaches every client within 20s")
		}
		if err := publish(n); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// Saturate publishes as fast as the slowest client allows, which is never more than window messages behind,
// from 64 goroutines, until ctx ends; that is no error.
func (f *Fleet) Saturate(ctx context.Context, window int64, publish func(n int) error) error {
	const workers = 64
	var sent, slowest atomic.Int64
	slowest.Store(f.Slowest())
	sent.Store(slowest.Load())
	g, ctx := errgroup.WithContext(ctx)
	for range workers {
		g.Go(func() error { // ends with ctx
			for ctx.Err() == nil {
				if sent.Load()-slowest.Load() >= window {
					slowest.Store(f.Slowest())
					if sent.Load()-slowest.Load() >= window {
						_ = sleep(ctx, 200*time.Microsecond) // the loop asks ctx itself
					}
					continue
				}
				if err := publish(int(sent.Add(1))); err != nil && ctx.Err() == nil {
					return fmt.Errorf("publishing: %w", err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
