// Package pace keeps a schedule: it calls a function when each moment of a list has come, neither before
// nor noticeably after. It is a pure function of time around one precise sleep, so it can be tested
// without waiting.
package pace

import (
	"context"
	"runtime"
	"time"
)

// Granule is the shortest sleep, hence how late a moment is at most when moments are dense: those that
// come within it are handed over together, since waking up for each would cost more than sending it.
const Granule = 200 * time.Microsecond

// nap is the longest sleep, hence how long a context's end may go unnoticed.
const nap = 20 * time.Millisecond

// Run calls due(from, to) for the moments at[from:to] that have come since start, in order and each
// once, until all have. at must not fall. due must not block. Run returns
// early with the context's error and the number of moments that were handed over.
//
// due runs on a thread of the operating system that Run holds meanwhile and whose timers it makes precise:
// a Go timer is up to a millisecond late.
func Run(ctx context.Context, start time.Time, at []time.Duration, due func(from, to int)) (n int, err error) {
	done := make(chan struct{})
	go func() { // ends with the schedule or ctx
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, and its timer slack with it
		Sharpen()
		n, err = run(ctx, at, due, func() time.Duration { return time.Since(start) }, Sleep)
	}()
	<-done
	return n, err
}

func run(ctx context.Context, at []time.Duration, due func(from, to int), now func() time.Duration, sleep func(time.Duration)) (int, error) {
	for from := 0; from < len(at); {
		if err := ctx.Err(); err != nil {
			return from, err
		}
		elapsed := now()
		to := from
		for to < len(at) && at[to] <= elapsed {
			to++
		}
		if to > from {
			due(from, to)
			from = to
			continue
		}
		sleep(min(max(at[from]-elapsed, Granule), nap))
	}
	return len(at), nil
}
