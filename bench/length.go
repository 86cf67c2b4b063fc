package bench

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// overhead is what a run takes beside its schedule on the machine that this was written on: starting the
// server, connecting, fresh clients, winding down. It is only a first guess; progress goes by what runs took.
const overhead = 350 * time.Millisecond

// cost is what a run of a workload should take.
func cost(w workload.Workload) time.Duration {
	c := time.Duration(w.Duration) + overhead
	if w.Kind.Sends() {
		c += time.Duration(w.Warmup)
	}
	return c
}

// A Pair is an arm that runs a workload.
type Pair struct {
	Arm    result.Arm `json:"arm"`
	Blocks int        `json:"blocks,omitempty"` // the first so many alone, unless they are not enough for the plan's Precision; 0 is all
}

// armsOf are the arms that run a workload in a block.
func (p Plan) armsOf(w workload.Workload, block int) []result.Arm {
	if p.Pairs == nil {
		return p.Arms
	}
	var arms []result.Arm
	for _, pair := range p.Pairs[w.Name] {
		if pair.Blocks == 0 || block <= pair.Blocks || block > p.Blocks {
			arms = append(arms, pair.Arm)
		}
	}
	return arms
}

// checkPairs returns an error for a pair of something that is not in the plan.
func (p Plan) checkPairs(names map[string]bool) error {
	for name, pairs := range p.Pairs {
		for _, pair := range pairs {
			switch {
			case !names[name] || !slices.Contains(p.Arms, pair.Arm):
				return fmt.Errorf("workload %s on %s: not both are in the plan", name, pair.Arm)
			case pair.Blocks < 0:
				return fmt.Errorf("workload %s on %s: %d blocks", name, pair.Arm, pair.Blocks)
			}
		}
	}
	return nil
}

// Runs is how many runs the plan has; with a Precision, at least.
func (p Plan) Runs() int {
	n := 0
	for block := 1; block <= p.Blocks; block++ {
		for _, w := range p.Workloads {
			n += len(p.armsOf(w, block))
		}
	}
	return n
}

// Estimate is how long the plan should take; with a Precision, at least.
func (p Plan) Estimate() time.Duration {
	var sum time.Duration
	for block := 1; block <= p.Blocks; block++ {
		for _, w := range p.Workloads {
			sum += cost(w) * time.Duration(len(p.armsOf(w, block)))
		}
	}
	return sum
}

// bounds are those of a plan with a Precision.
func (p Plan) bounds() (blocks int, length time.Duration) {
	return max(cmp.Or(p.MaxBlocks, 40), p.Blocks), cmp.Or(p.MaxTime, 30*time.Minute)
}

func (p Plan) checkLength() error {
	switch {
	case p.Precision == 0 && (p.MaxBlocks != 0 || p.MaxTime != 0):
		return errors.New("a greatest number of runs, or a longest time, belongs to a precision")
	case p.Precision == 0:
		return nil
	case !(p.Precision >= 0.001 && p.Precision <= 1):
		return fmt.Errorf("a precision of %.4g %% is not between 0.1 %% and 100 %%", 100*p.Precision)
	case p.Blocks < stats.MinRuns:
		return fmt.Errorf("a precision needs at least %d runs of each arm to begin with, not %d", stats.MinRuns, p.Blocks)
	case p.MaxBlocks < 0 || p.MaxBlocks > 10_000 || p.MaxBlocks != 0 && p.MaxBlocks < p.Blocks:
		return fmt.Errorf("at most %d runs of each arm: not between the %d to begin with and 10,000", p.MaxBlocks, p.Blocks)
	case p.MaxTime < 0:
		return fmt.Errorf("a longest time of %s is negative", p.MaxTime)
	}
	return nil
}
