package calibrate

import (
	"context"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

// readFaults loses, repeats and swaps messages and reads how many the accounting finds.
func readFaults(ctx context.Context, c Config) (reading, error) {
	var lost, repeated, swapped ledger
	length := time.Second
	if c.Quick {
		length /= 2
	}
	runs, err := measure(ctx, bench.Plan{Blocks: 1, Seed: c.Seed, Arms: variants("null", "faults=all"),
		Workloads: asked(workload.Workload{Kind: workload.Push, Rate: 10_000}, 0, length),
		Plant: func(result.Arm) bench.Plant {
			return bench.Plant{Conn: func(c transports.Conn) transports.Conn {
				c = &loser{Conn: c, ledger: &lost}
				c = &repeater{Conn: c, ledger: &repeated}
				return &swapper{Conn: c, ledger: &swapped}
			}}
		},
	})
	r := reading{disturbed: disturbed(runs)}
	if err != nil {
		return r, err
	}
	r.checks = judgeFaults(runs[0], lost.faults(), repeated.faults(), swapped.faults())
	return r, nil
}

// judgeFaults holds a run's accounting against what was done to its messages.
func judgeFaults(run result.Run, lost, repeated, swapped int) []result.Check {
	exact := func(name string, truth int, read uint64, note string) result.Check {
		return within(result.Check{Name: name, Unit: "messages", Truth: float64(truth), Read: float64(read), Note: note})
	}
	a := run.Accounting
	loss := exact("lost, 1 in 1000", lost, a.Lost, "no gap was reported, so the run must fail as well")
	if loss.Passed && run.Error == "" {
		loss.Passed, loss.Note = false, "counted, but the run did not fail"
	}
	return []result.Check{
		loss,
		exact("repeated, 1 in 1000", repeated, a.Repeated, ""),
		exact("neighbours swapped, 1 in 1000", swapped, a.Reordered, ""),
	}
}
