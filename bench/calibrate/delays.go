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

// A delayTest plants one-way delays in a transport.
type delayTest struct {
	transport string
	title     string
	delays    []time.Duration
	runs      int // of each delay
	length    time.Duration
}

// delayTestsOf are the direct call, whose floor hardly varies from run to run, with every delay; and, in full, a
// WebSocket, whose floor varies by some 40 µs, with those whose tolerance is wider than that.
func delayTestsOf(quick bool) []delayTest {
	direct := delayTest{"null", "the direct call", []time.Duration{500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond}, 9, 150 * time.Millisecond}
	if quick {
		direct.runs, direct.length = 4, 100*time.Millisecond
		return []delayTest{direct}
	}
	return []delayTest{direct, {"websocket", "a WebSocket", direct.delays[2:], 7, 300 * time.Millisecond}}
}

// floors are the arms without a delay: all the others are held against them, so there are more.
var floors = []string{"delay=0", "delay=none"}

// readDelays delays deliveries and reads by how much their median exceeds that of the same transport without a
// delay. What is read is held against what was injected by the injector's own clock.
func readDelays(ctx context.Context, c Config) (reading, error) {
	var all reading
	for _, d := range delayTestsOf(c.Quick) {
		r, err := d.read(ctx, c)
		all.checks = append(all.checks, r.checks...)
		if all.disturbed == "" {
			all.disturbed = r.disturbed
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func (d delayTest) read(ctx context.Context, c Config) (reading, error) {
	names, ledgers, planted := slices.Clone(floors), map[string]*ledger{}, map[string]time.Duration{}
	for _, length := range d.delays {
		name := "delay=" + length.String()
		names, ledgers[name], planted[name] = append(names, name), new(ledger), length
	}
	runs, err := measure(ctx, bench.Plan{Blocks: d.runs, Seed: c.Seed, Arms: variants(d.transport, names...),
		Workloads: asked(workload.Workload{Kind: workload.Push, Rate: 400}, 50*time.Millisecond, d.length),
		Plant: func(a result.Arm) bench.Plant {
			length, ok := planted[a.Variant]
			if !ok {
				return bench.Plant{}
			}
			return bench.Plant{Conn: delay(length, exactly, ledgers[a.Variant])}
		},
	})
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	below := medianP50(append(of(runs, floors[0]), of(runs, floors[1])...))
	for _, length := range d.delays {
		name := "delay=" + length.String()
		check := judgeDelay(length, ledgers[name].median(), medianP50(of(runs, name))-below)
		check.Name += ", " + d.title
		check.Note = fmt.Sprintf("median over %d runs of the deliveries' median, above that of %d runs without a delay, %s; the truth is what the injector's clock says it did",
			d.runs, len(floors)*d.runs, below.Round(time.Microsecond))
		r.checks = append(r.checks, check)
	}
	return r, nil
}

// medianP50 is the median over runs of the median delivery.
func medianP50(runs []result.Run) time.Duration {
	return time.Duration(stats.Summarize(p50s(runs)).Median)
}

// judgeDelay holds a reading above the floor against what was injected.
func judgeDelay(asked, injected, read time.Duration) result.Check {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return within(result.Check{Name: fmt.Sprintf("one-way delay of %s", asked), Unit: "ms",
		Truth: ms(injected), Read: ms(read), Tolerance: max(0.05, 0.02*ms(injected))})
}
