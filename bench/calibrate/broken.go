package calibrate

import (
	"context"
	"fmt"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
	"transportlab/transports"
)

// The arms of a comparison of a transport with a broken one.
const (
	whole   = "planted=nothing"
	damaged = "planted=fault"
)

// against is a plan that compares a transport with itself under a broken connection.
func against(c Config, transport string, blocks int, fault func(transports.Conn) transports.Conn, w []workload.Workload) bench.Plan {
	return bench.Plan{Blocks: blocks, Seed: c.Seed, Arms: variants(transport, whole, damaged), Workloads: w,
		Plant: func(a result.Arm) bench.Plant {
			if a.Variant == whole {
				return bench.Plant{}
			}
			return bench.Plant{Conn: fault}
		},
	}
}

// readSleeper compares a transport with one that takes 5 ms longer for every 50th message: only the tail shows it.
func readSleeper(ctx context.Context, c Config) (reading, error) {
	comparisons := 10
	if c.Quick {
		comparisons = 2
	}
	runs, err := measure(ctx, against(c, "null", comparisons*stats.MinRuns, func(c transports.Conn) transports.Conn { return sleeper{c} },
		asked(workload.Workload{Kind: workload.Push, Rate: 4000}, 0, 50*time.Millisecond)))
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	a, b := p99s(of(runs, whole)), p99s(of(runs, damaged))
	caught := 0
	for k := range comparisons {
		from, to := k*stats.MinRuns, (k+1)*stats.MinRuns
		if differs(b[from:to], a[from:to]) == stats.More {
			caught++
		}
	}
	r.checks = append(r.checks, judgePower("a transport that sleeps 5 ms every 50th message", "comparisons", caught, comparisons, comparisons/5,
		fmt.Sprintf("p99 of %d runs of 200 messages against %d", stats.MinRuns, stats.MinRuns)))
	return r, nil
}

func p99s(runs []result.Run) []float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = float64(r.Delivery.P99)
	}
	return values
}

// readDropper runs a transport that loses one message in a thousand beside one that does not.
func readDropper(ctx context.Context, c Config) (reading, error) {
	times := 20
	if c.Quick {
		times = 3
	}
	var l ledger
	runs, err := measure(ctx, against(c, "null", times, func(c transports.Conn) transports.Conn { return &loser{c, &l} },
		asked(workload.Workload{Kind: workload.Push, Rate: 10_000}, 0, 110*time.Millisecond)))
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(of(runs, whole))
	}
	if err != nil {
		return r, err
	}
	caught := 0
	for _, run := range of(runs, damaged) {
		if run.Error != "" && run.Accounting.Lost > 0 {
			caught++
		}
	}
	r.checks = append(r.checks, judgePower("a transport that drops 1 message in 1000", "runs", caught, times, 0,
		"runs of 1100 messages; as many without a fault did not fail"))
	return r, nil
}

// readWordy compares the bytes of a WebSocket with those of one that sends a byte more with each message.
func readWordy(ctx context.Context, c Config) (reading, error) {
	pairs := 5
	if c.Quick {
		pairs = 2
	}
	runs, err := measure(ctx, against(c, "websocket", pairs, func(c transports.Conn) transports.Conn { return wordy{c} },
		asked(workload.Workload{Kind: workload.Push, Rate: 100}, 0, 200*time.Millisecond)))
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	up, _ := result.FindMetric("up-B/msg")
	a, b := of(runs, whole), of(runs, damaged)
	caught, more := 0, make([]float64, pairs)
	for i := range pairs {
		plain, _ := up.Of(a[i])
		extra, _ := up.Of(b[i])
		if more[i] = extra - plain; more[i] == 1 {
			caught++
		}
	}
	r.checks = append(r.checks, judgePower("a transport that sends one byte more with each message", "pairs of runs", caught, pairs, 0,
		fmt.Sprintf("read as %.4g B a message, up", stats.Summarize(more).Median)))
	return r, nil
}

// judgePower holds how often a fault was caught against how often it was there; missed ones are allowed.
func judgePower(name, unit string, caught, times, missed int, how string) result.Check {
	return within(result.Check{Name: name + ": caught", Unit: unit, Truth: float64(times), Read: float64(caught), Tolerance: float64(missed),
		Note: fmt.Sprintf("detection power %.0f %%; %s", 100*float64(caught)/float64(times), how)})
}
