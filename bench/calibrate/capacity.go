package calibrate

import (
	"context"
	"math"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// mostLate is the lateness of the schedule at p99 up to which the driver counts as keeping it.
const mostLate = time.Millisecond

// Bounds of the rates that are tried, in messages a second.
const (
	leastRate = 250
	firstRate = 16_000
	mostRate  = 1 << 21
)

// readCapacity finds the highest rate at which the driver keeps its schedule when there is nothing behind it:
// the direct call over a log in its own memory.
func readCapacity(ctx context.Context, c Config) (reading, error) {
	length := 250 * time.Millisecond
	if c.Quick {
		length = 150 * time.Millisecond
	}
	best, err := search(func(rate float64) (attempt, error) {
		runs, err := measure(ctx, bench.Plan{Blocks: 1, Seed: c.Seed, Arms: variants("null", ""),
			Workloads: asked(workload.Workload{Kind: workload.Push, Clients: 8, Rate: rate}, 50*time.Millisecond, length)})
		if err != nil {
			return attempt{}, err
		}
		a, late := runs[0].Accounting, runs[0].Lateness.P99
		held := runs[0].Error == "" && late < mostLate && a.Late+a.Dropped == 0
		return attempt{late, held, disturbed(runs) != ""}, nil
	})
	return reading{capacity: &best}, err
}

// An attempt is what became of a rate.
type attempt struct {
	lateness  time.Duration
	held      bool
	disturbed bool
}

// search finds the highest rate that holds, to a tenth: by doubling, then by bisection on a scale of ratios. A
// rate that did not hold is tried once more, since a moment's disturbance is not a limit, and twice where the
// noise sentinel saw one.
func search(try func(rate float64) (attempt, error)) (best result.Capacity, err error) {
	holds := func(rate float64) (bool, error) {
		for n, tries := 0, 2; n < tries; n++ {
			a, err := try(rate)
			if err != nil {
				return false, err
			}
			if a.held {
				best = result.Capacity{Rate: rate, Lateness: a.lateness}
				return true, nil
			}
			if a.disturbed {
				tries = 3
			}
		}
		return false, nil
	}
	rate, failed := float64(firstRate), 0.0
	for rate >= leastRate && rate <= mostRate {
		held, err := holds(rate)
		switch {
		case err != nil:
			return best, err
		case held && failed > 0: // on the way down
			return bisect(rate, failed, holds, &best)
		case held:
			rate *= 2
		case best.Rate > 0: // on the way up
			return bisect(best.Rate, rate, holds, &best)
		default:
			failed = rate
			rate /= 2
		}
	}
	return best, nil
}

// bisect narrows the interval from a rate that holds to one that does not.
func bisect(lo, hi float64, holds func(float64) (bool, error), best *result.Capacity) (result.Capacity, error) {
	for hi/lo > 1.1 {
		mid := math.Round(math.Sqrt(lo * hi))
		held, err := holds(mid)
		if err != nil {
			return *best, err
		}
		if held {
			lo = mid
		} else {
			hi = mid
		}
	}
	return *best, nil
}
