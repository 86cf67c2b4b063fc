package calibrate

import (
	"context"
	"fmt"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// The two arms of a comparison; in an A/A comparison they are the same transport.
const (
	armA = "arm=a"
	armB = "arm=b"
)

// readSame compares a transport with itself, many times over, by the statistics of reports: what is found to
// differ is a false positive. The same runs tell whether the order of the arms is fair.
func readSame(ctx context.Context, c Config) (reading, error) {
	comparisons := 200
	if c.Quick {
		comparisons = 15
	}
	runs, err := measure(ctx, bench.Plan{
		Blocks: comparisons * stats.MinRuns, Seed: c.Seed, Arms: variants("null", armA, armB),
		Workloads: asked(workload.Workload{Kind: workload.Push, Rate: 5000}, 0, 4*time.Millisecond),
		Plant:     nothing,
	})
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	a, b := of(runs, armA), of(runs, armB)
	differ := 0
	for k := range comparisons {
		from, to := k*stats.MinRuns, (k+1)*stats.MinRuns
		if differs(p50s(a[from:to]), p50s(b[from:to])) != stats.NoDifference {
			differ++
		}
	}
	r.checks = []result.Check{judgeSame(differ, comparisons), judgeOrder(first(runs, armA), comparisons*stats.MinRuns)}
	return r, nil
}

// nothing is planted in either arm.
func nothing(result.Arm) bench.Plant { return bench.Plant{} }

func p50s(runs []result.Run) []float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = float64(r.Delivery.P50)
	}
	return values
}

// differs is the verdict of reports on one pair of arms: more, less, or no difference found.
func differs(a, b []float64) stats.Verdict {
	c := stats.Compare(a, b)
	return c.Verdict(c.P, 0)
}

// first counts the blocks in which an arm came before the other.
func first(runs []result.Run, variant string) (n int) {
	for _, r := range runs {
		if r.Arm.Variant == variant && r.Order == 1 {
			n++
		}
	}
	return n
}

func judgeSame(differ, comparisons int) result.Check {
	check, lo, hi := counted(result.Check{Name: "a transport compared with itself: found to differ", Unit: "comparisons", Read: float64(differ)}, comparisons, stats.Alpha)
	check.Note = fmt.Sprintf("%d comparisons of medians, each of %d runs against %d that no other comparison uses, 20 messages a run over the direct call; α = %g, so that %d to %d are chance (binomial, all but %g %%)",
		comparisons, stats.MinRuns, stats.MinRuns, stats.Alpha, lo, hi, 100*unchance)
	return check
}

func judgeOrder(first, blocks int) result.Check {
	check, lo, hi := counted(result.Check{Name: "order of the arms: the first one began", Unit: "blocks", Read: float64(first)}, blocks, 0.5)
	check.Note = fmt.Sprintf("of %d blocks of two arms; %d to %d are chance (binomial, all but %g %%)", blocks, lo, hi, 100*unchance)
	return check
}
