package calibrate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

// readBytes lets a tap beneath the byte meter write down what really passes, and holds the meter's layers
// against it, to the byte: over arms that push and arms that ask.
func readBytes(ctx context.Context, c Config) (reading, error) {
	arms := slices.Concat(variants("websocket", ""), variants("polling", ""))
	if !c.Quick {
		arms = slices.Concat(arms, variants("streaming", ""), variants("longpoll", ""))
		for _, carrier := range []string{"h1tls", "h2c", "h2"} { // where the tap sees bytes and cannot tell what they are
			arms = append(arms, result.Arm{Transport: "longpoll", Carrier: carrier, Net: "loopback"})
		}
	}
	p := bench.Plan{Blocks: 1, Seed: c.Seed, Arms: arms,
		Workloads: asked(workload.Workload{Kind: workload.Push, Rate: 100, Size: 64}, 50*time.Millisecond, 300*time.Millisecond),
		Options:   transports.Options{Interval: 40 * time.Millisecond},
	}
	taps := map[result.Arm]*tap{}
	for _, a := range arms {
		taps[a] = new(tap)
	}
	p.Plant = func(a result.Arm) bench.Plant { return bench.Plant{Dial: taps[a].dial, Count: taps[a].mark} }
	runs, err := measure(ctx, p)
	r := reading{disturbed: disturbed(runs)}
	if err == nil {
		err = sound(runs)
	}
	if err != nil {
		return r, err
	}
	for _, a := range arms {
		i := slices.IndexFunc(runs, func(run result.Run) bool { return run.Arm == a })
		truth, err := taps[a].between(1, 2, a.Carrier == "h1") // mark 0 is when all clients had connected
		if err != nil {
			return r, fmt.Errorf("%s: %w", a, err)
		}
		r.checks = append(r.checks, judgeBytes(a.String(), p.Workloads[0].Size, truth, runs[i])...)
	}
	return r, nil
}

// judgeBytes holds the meter's layers of a run's measured part against what passed beneath it.
func judgeBytes(name string, size int, truth passed, run result.Run) []result.Check {
	up, down, messages := run.Bytes.Steady.Up, run.Bytes.Steady.Down, float64(run.Accounting.Messages())
	exact := func(what string, truth, read float64, note string) result.Check {
		return within(result.Check{Name: name + ": " + what + " per message", Unit: "B", Truth: truth / messages, Read: read / messages, Note: note})
	}
	checks := []result.Check{
		exact("all bytes", float64(truth.all), float64(up.Total()+down.Total()), "the truth is what a tap beneath the meter saw pass, both directions"),
		exact("payload", float64(size)*float64(run.Bytes.Sends+run.Bytes.Receives), float64(up.Payload+down.Payload), ""),
	}
	if truth.headers > 0 {
		checks = append(checks, exact("HTTP headers", float64(truth.headers), float64(up.Headers+down.Headers), "the truth is read from the tap with net/http"))
	}
	return checks
}
