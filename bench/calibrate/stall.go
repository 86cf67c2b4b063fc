package calibrate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"transportlab/bench"
	"transportlab/bench/arrival"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

// A stallTest offers a steady load to a server that stalls. A tool that waits for answers before it asks on, or
// that counts from the moment at which it asked, does not see most of the stall (coordinated omission).
type stallTest struct {
	arm         string
	stall       node.Stall
	rate        float64
	length      time.Duration
	connections int
	interval    time.Duration // of polling
}

// edge keeps the beginning of a stall clear of the moment at which a message comes.
const edge = time.Millisecond

// stallOf is the test of the literature on polling: 1 s in every 10 s, for three of them. The quick one is a single
// stall of half the length, on an arm that adds no wait of its own.
func stallOf(quick bool) stallTest {
	const ms = time.Millisecond
	if quick {
		return stallTest{arm: "streaming", rate: 100, length: 4 * time.Second, connections: 10,
			stall: node.Stall{Service: 5 * ms, Period: 4 * time.Second, From: 2000*ms - edge, Length: 500 * ms}}
	}
	return stallTest{arm: "polling", rate: 100, length: 30 * time.Second, connections: 10, interval: 2 * ms,
		stall: node.Stall{Service: 5 * ms, Period: 10 * time.Second, From: 4500*ms - edge, Length: time.Second}}
}

// String describes the test.
func (s stallTest) String() string {
	return fmt.Sprintf("%s of service, a stall of %s in every %s, %.0f messages a second for %s over %d connections",
		s.stall.Service, s.stall.Length, s.stall.Period, s.rate, s.length, s.connections)
}

// A distribution is what the stall test tells tools apart by.
type distribution struct{ mean, p50, p95, p99, largest time.Duration }

// String is what a note says of it.
func (d distribution) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	return fmt.Sprintf("mean %s, p50 %s, largest %s", round(d.mean), round(d.p50), round(d.largest))
}

// truth is what the messages of the schedule take, computed one by one.
func (s stallTest) truth() distribution {
	var took []time.Duration
	var sum time.Duration
	for _, at := range arrival.Times(workload.Arrival{Process: workload.Constant}, s.rate, s.length, 1) {
		d := s.stall.Served(at) - at
		took, sum = append(took, d), sum+d
	}
	slices.Sort(took)
	rank := func(percent int) time.Duration { return took[(len(took)*percent+99)/100-1] }
	return distribution{sum / time.Duration(len(took)), rank(50), rank(95), rank(99), took[len(took)-1]}
}

// readStall gives the stall test to the instrument, and to vegeta where there is one.
func readStall(ctx context.Context, c Config) (reading, error) {
	s := stallOf(c.Quick)
	runs, err := measure(ctx, bench.Plan{Blocks: 1, Seed: c.Seed, Arms: variants(s.arm, ""), Options: transports.Options{Interval: s.interval},
		Workloads: asked(workload.Workload{Kind: workload.Fanout, Publishers: s.connections, Rate: s.rate}, 200*time.Millisecond, s.length),
		Plant:     func(result.Arm) bench.Plant { return bench.Plant{Server: node.Plant{Stall: s.stall}} },
	})
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	h := runs[0].Delivery
	read := distribution{h.Mean, h.P50, h.P95, h.P99, h.Max}
	r.checks = judgeStall("stalled server", s.truth(), read, fmt.Sprintf("%s, over %s", s, s.arm))
	if c.Vegeta != "" {
		r.checks = append(r.checks, s.askVegeta(ctx, c.Vegeta)...)
	}
	return r, ctx.Err()
}

// judgeStall holds the two percentiles that tell tools apart against the truth.
func judgeStall(name string, truth, read distribution, note string) []result.Check {
	row := func(which string, truth, read time.Duration) result.Check {
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		return within(result.Check{Name: name + ": " + which, Unit: "ms", Truth: ms(truth), Read: ms(read), Tolerance: 0.02 * ms(truth)})
	}
	checks := []result.Check{row("p95", truth.p95, read.p95), row("p99", truth.p99, read.p99)}
	checks[0].Note = fmt.Sprintf("%s; read %s; true %s", note, read, truth)
	return checks
}
