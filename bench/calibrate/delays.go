package calibrate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// knownDelays are the one-way delays that are planted.
var knownDelays = []time.Duration{500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond}

// floors are the arms without a delay: all the others are held against them, so there are more.
var floors = []string{"delay=0", "delay=none"}

// readDelays delays the deliveries of a WebSocket and reads by how much its median exceeds that of the same
// WebSocket without a delay. What is read is held against what was injected by the injector's own clock.
func readDelays(ctx context.Context, c Config) (reading, error) {
	names, ledgers, planted := slices.Clone(floors), map[string]*ledger{}, map[string]time.Duration{}
	for _, d := range knownDelays {
		name := "delay=" + d.String()
		names, ledgers[name], planted[name] = append(names, name), new(ledger), d
	}
	blocks, length := 5, 600*time.Millisecond
	if c.Quick {
		blocks, length = 2, 300*time.Millisecond
	}
	p := bench.Plan{Blocks: blocks, Seed: c.Seed, Arms: variants("websocket", names...),
		Workloads: asked(workload.Workload{Kind: workload.Push, Rate: 200}, 50*time.Millisecond, length),
		Plant: func(a result.Arm) bench.Plant {
			d, ok := planted[a.Variant]
			if !ok {
				return bench.Plant{}
			}
			return bench.Plant{Conn: delay(d, exactly, ledgers[a.Variant])}
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
	below := medianP50(append(of(runs, floors[0]), of(runs, floors[1])...))
	for _, d := range knownDelays {
		name := "delay=" + d.String()
		read := medianP50(of(runs, name)) - below
		r.checks = append(r.checks, judgeDelay(d, ledgers[name].median(), read, below, p.Blocks))
	}
	return r, nil
}

// medianP50 is the median over runs of the median delivery.
func medianP50(runs []result.Run) time.Duration {
	var values []float64
	for _, r := range runs {
		values = append(values, float64(r.Delivery.P50))
	}
	return time.Duration(stats.Summarize(values).Median)
}

// judgeDelay holds a reading above the floor against what was injected.
func judgeDelay(asked, injected, read, below time.Duration, runs int) result.Check {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return within(result.Check{
		Name: fmt.Sprintf("one-way delay of %s", asked), Unit: "ms", Truth: ms(injected), Read: ms(read),
		Tolerance: max(0.05, 0.02*ms(injected)),
		Note: fmt.Sprintf("median of a WebSocket's deliveries above its floor of %s, %d runs of each; the truth is what the injector's clock says it did",
			below.Round(time.Microsecond), runs),
	})
}
