// Package calibrate proves the instrument before anybody trusts its figures: it hides known truths beneath it
// (a delay, a byte, a stall, a loss, a burnt microsecond, nothing at all) and holds what is read against
// them.
//
// Whatever is planted lies in a connection, beneath the byte meter or in the server's process ([bench.Plant]);
// what reads it is bench.Run, whole: arrivals, load, recorders, checker, meters, probes, order of the arms, and
// package stats. There is no second path.
//
// A reading that is wrong while the noise sentinel saw the machine disturbed is taken again, a few times at
// most, and the row says so. It never passes unread.
//
// A program that calls Run must begin as node.IsChild says.
package calibrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/probe"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A Config says how thorough to be. The zero value is the full calibration, about two minutes.
type Config struct {
	Quick   bool        // half a minute: shorter stalls, fewer comparisons, fewer arms; rows say what they leave out
	Seed    uint64      // of the order of the arms; 1
	Vegeta  string      // path of a vegeta command that is given the stall test too; "" leaves its rows out
	Observe func(Event) // is told how far it is, from one goroutine at a time; nil is not
}

// A Result is what a calibration found.
type Result struct {
	Checks    []result.Check   `json:"checks"`
	Capacity  *result.Capacity `json:"capacity"`
	Shortened []string         `json:"shortened,omitempty"` // what a quick one left out, step by step; the checks' notes say it too
}

// Failed are the checks that did not pass. Another tool's answer fails nothing.
func (r Result) Failed() []result.Check {
	var list []result.Check
	for _, c := range r.Checks {
		if !c.Passed && !c.Aside {
			list = append(list, c)
		}
	}
	return list
}

// An Event tells how far a calibration is: one at the beginning of each step, and one at its end.
type Event struct {
	Step          string // "known delays"
	Number, Total int    // of the steps: the one under way, from 1
	Again         int    // how often it is repeated, because the machine was disturbed
	Left          time.Duration
	Finished      []result.Check // nil until the step has ended
}

// most is how often a step is carried out when the machine is disturbed.
const most = 3

// A reading is what a step read once.
type reading struct {
	checks    []result.Check
	capacity  *result.Capacity
	disturbed string // what the noise sentinel saw of the machine meanwhile; "" is nothing
}

func (r reading) passed() bool { return len(Result{Checks: r.checks}.Failed()) == 0 }

// Run calibrates the instrument on this machine. It loads the loopback network alone. A step that could not be
// carried out is a check that failed; the error is that of ctx. Nothing that Run started outlives it.
func Run(ctx context.Context, c Config) (Result, error) {
	if c.Seed == 0 {
		c.Seed = 1
	}
	return run(ctx, c, steps(c), calm)
}

func run(ctx context.Context, c Config, steps []step, calm func(context.Context)) (Result, error) {
	var r Result
	tell := c.Observe
	if tell == nil {
		tell = func(Event) {}
	}
	var left time.Duration
	for _, s := range steps {
		left += s.takes
	}
	for i, s := range steps {
		e := Event{Step: s.name, Number: i + 1, Total: len(steps), Left: left}
		got, err := s.carryOut(ctx, c, func(again int) {
			e.Again = again
			tell(e)
			if again > 0 {
				calm(ctx)
			}
		})
		if err != nil {
			return r, err
		}
		left -= s.takes
		e.Left, e.Finished = left, append([]result.Check{}, got.checks...) // not nil, where a step has none
		tell(e)
		r.Checks = append(r.Checks, got.checks...)
		if s.less != "" {
			r.Shortened = append(r.Shortened, s.name+": "+s.less)
		}
		if got.capacity != nil {
			r.Capacity = got.capacity
		}
	}
	return r, nil
}

// carryOut reads a step, and again when it read wrong on a machine that was disturbed.
func (s step) carryOut(ctx context.Context, c Config, begin func(again int)) (reading, error) {
	var before []string
	for again := 0; ; again++ {
		begin(again)
		got, err := s.read(ctx, c)
		if ctx.Err() != nil {
			return reading{}, ctx.Err()
		}
		if err != nil {
			got.checks = append(got.checks, result.Check{Name: s.name, Note: "it could not be measured: " + err.Error()})
		}
		if got.passed() || got.disturbed == "" || again+1 == most {
			for i := range got.checks {
				got.checks[i].Note = note(got.checks[i], before, got.disturbed)
			}
			if s.less != "" && len(got.checks) > 0 {
				got.checks[0].Note = join("shortened: "+s.less, got.checks[0].Note)
			}
			return got, nil
		}
		before = append(before, got.disturbed)
	}
}

// calm returns when the machine has kept time for half a second, or after a few seconds whatever it does.
func calm(ctx context.Context) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		sentinel := probe.Watch()
		t := time.NewTimer(500 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		noise, err := sentinel.End()
		if err != nil || ctx.Err() != nil || noise.Timer.P99 < time.Millisecond {
			return
		}
	}
}

// note adds to a check's note how the machine was: before are the disturbances of readings that were dropped.
func note(c result.Check, before []string, now string) string {
	text := c.Note
	if len(before) > 0 {
		text = join(text, fmt.Sprintf("read %d times, since the machine was disturbed (%s)", len(before)+1, strings.Join(before, "; ")))
	}
	if now != "" && !c.Passed {
		text = join(text, "the machine was disturbed: "+now)
	}
	return text
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// measure carries out a plan over a log in memory and returns its runs, those that failed among them.
func measure(ctx context.Context, p bench.Plan) ([]result.Run, error) {
	p.Store = "memory"
	d, err := bench.Run(ctx, p, nil)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var failed *bench.RunError
	if err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	return d.Runs, nil
}

// disturbed is the first thing that the noise sentinel says against any of the runs.
func disturbed(runs []result.Run) string {
	for _, r := range runs {
		if len(r.Unfit) > 0 {
			return r.Unfit[0].Reason
		}
	}
	return ""
}

// sound returns the first error of a run in which nothing was planted that should cause one.
func sound(runs []result.Run) error {
	for _, r := range runs {
		if r.Error != "" {
			return fmt.Errorf("%s: %s", r.Arm, r.Error)
		}
	}
	return nil
}

// of are the runs of the arm with a variant.
func of(runs []result.Run, variant string) []result.Run {
	var list []result.Run
	for _, r := range runs {
		if r.Arm.Variant == variant {
			list = append(list, r)
		}
	}
	return list
}

// variants are arms of one transport that differ only in what is planted in them.
func variants(transport string, names ...string) []result.Arm {
	carrier := "h1"
	if transport == "null" {
		carrier = "none"
	}
	arms := make([]result.Arm, len(names))
	for i, name := range names {
		arms[i] = result.Arm{Transport: transport, Carrier: carrier, Net: "loopback", Variant: name}
	}
	return arms
}

// asked is a workload of a calibration: short, so without a warm-up of the usual length.
func asked(w workload.Workload, warmup, length time.Duration) []workload.Workload {
	w.Name, w.Duration = "calibration", workload.Duration(length)
	w = w.WithDefaults()
	w.Warmup = workload.Duration(warmup)
	return []workload.Workload{w}
}
