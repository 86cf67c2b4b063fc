package calibrate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"transportlab/bench"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// burnt is the CPU time by which the messages of two servers differ.
const burnt = 50 * time.Microsecond

const (
	frugal   = "burn=once"
	wasteful = "burn=twice"
)

// readBurn lets two servers burn CPU time for each message, by their threads' own clock, one of them 50 µs more
// than the other, and reads by how much their CPU time per message differs. They take turns, and each turn is
// one difference.
//
// Neither burns nothing: a Go program that is busy uses some 4 % more than its goroutines do, for a thread that
// watches them, and each wake-up has a price of its own. Where both burn, and messages come many at once, what
// is left of that is within the tolerance.
func readBurn(ctx context.Context, c Config) (reading, error) {
	pairs, length := 9, 300*time.Millisecond
	if c.Quick {
		pairs, length = 5, 200*time.Millisecond
	}
	p := bench.Plan{Blocks: pairs, Seed: c.Seed, Arms: variants("tcp", frugal, wasteful),
		Workloads: asked(workload.Workload{Kind: workload.Ingest, Rate: 4000, Arrival: workload.Arrival{Process: workload.Bursts, Burst: 100}},
			50*time.Millisecond, length),
		Plant: func(a result.Arm) bench.Plant {
			if a.Variant == frugal {
				return bench.Plant{Server: node.Plant{Burn: burnt}}
			}
			return bench.Plant{Server: node.Plant{Burn: 2 * burnt}}
		},
	}
	runs, err := measure(ctx, p)
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	cpu, _ := result.FindMetric("cpu-ns/msg")
	var more []float64
	once, twice := of(runs, frugal), of(runs, wasteful)
	for i := range once {
		a, okA := cpu.Of(once[i])
		b, okB := cpu.Of(twice[i])
		if okA && okB {
			more = append(more, b-a)
		}
	}
	if len(more) == 0 {
		return r, errors.New("the server's CPU time cannot be read")
	}
	r.checks = append(r.checks, judgeBurn(stats.Summarize(more)))
	return r, nil
}

// judgeBurn holds what one server used more per message, in nanoseconds, against what it burnt.
func judgeBurn(more stats.Summary) result.Check {
	us := func(ns float64) float64 { return ns / float64(time.Microsecond) }
	planted := us(float64(burnt))
	return within(result.Check{
		Name: "server CPU burnt per message", Unit: "µs", Truth: planted, Read: us(more.Median), Tolerance: 0.1 * planted,
		Note: fmt.Sprintf("median of %d differences between servers that burn %s and %s, by turns: %.1f to %.1f µs", more.N, burnt, 2*burnt, us(more.Lo), us(more.Hi)),
	})
}
