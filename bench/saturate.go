package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A Saturation says how Saturate looks for the limits of a plan's arms. The zero value of a field is its default.
type Saturation struct {
	Knee    workload.Workload // whose rate is raised, until it is too much; "push". Four times its own rate is the first that is tried
	Limit   time.Duration     // of the delivery latency's p99; 300ms, which a poll every 250ms keeps
	Step    time.Duration     // measured part of a try; 1.5s
	Ratio   float64           // the search ends when the rate that failed is at most this many times the one that held; 1.1
	MaxRate float64           // messages a second, the most that is tried; 1,000,000
	Sweep   workload.Workload // whose clients are made more; "rtt", a closed loop: each has one message under way
	Clients []int             // of the sweep, at least three numbers; 1, 2, 4, 8, 16, 32, 64
	Length  time.Duration     // measured part of a stop of the sweep; 500ms
	Turns   int               // how often each stop is made; the one with the median throughput counts; 3
	MaxTime time.Duration     // no try begins after so long; 15m
	NoKnee  bool              // leaves the search out
	NoSweep bool              // leaves the sweep out
}

func (s Saturation) withDefaults() (Saturation, error) {
	var err error
	if s.Knee.Name == "" {
		s.Knee, err = workload.Find("push")
	}
	if s.Sweep.Name == "" && err == nil {
		s.Sweep, err = workload.Find("rtt")
	}
	s.Limit, s.Step = cmp.Or(s.Limit, 300*time.Millisecond), cmp.Or(s.Step, 1500*time.Millisecond)
	s.Ratio, s.MaxRate = cmp.Or(s.Ratio, 1.1), cmp.Or(s.MaxRate, 1e6)
	if len(s.Clients) == 0 {
		s.Clients = []int{1, 2, 4, 8, 16, 32, 64}
	}
	s.Turns = cmp.Or(s.Turns, 3)
	s.Length, s.MaxTime = cmp.Or(s.Length, 500*time.Millisecond), cmp.Or(s.MaxTime, 15*time.Minute)
	return s, err
}

// Check returns an error that says what cannot be done.
func (s Saturation) Check() error {
	s, err := s.withDefaults()
	if err != nil {
		return err
	}
	different := slices.Compact(slices.Sorted(slices.Values(s.Clients)))
	switch {
	case s.NoKnee && s.NoSweep:
		return errors.New("saturation: neither the search nor the sweep is left")
	case s.Limit < 0 || s.Step < 100*time.Millisecond || s.Length < 100*time.Millisecond || s.MaxTime < 0:
		return errors.New("saturation: a limit must be positive, and a try at least 100ms long")
	case s.Turns < 1 || s.Turns > 100:
		return fmt.Errorf("saturation: %d turns are not between 1 and 100", s.Turns)
	case !(s.Ratio >= 1.01 && s.Ratio <= 4):
		return fmt.Errorf("saturation: a ratio of %v is not between 1.01 and 4", s.Ratio)
	case !(s.MaxRate >= 1 && s.MaxRate <= 1e7):
		return fmt.Errorf("saturation: a greatest rate of %v is not between 1 and 10,000,000", s.MaxRate)
	case !s.NoKnee && (s.Knee.Kind.Closed() || !s.Knee.Kind.Delivers() || s.Knee.Arrival.Process == workload.Trace):
		return fmt.Errorf("saturation: %s has no rate that could be raised: it needs an open loop that delivers", s.Knee.Name)
	case !s.NoSweep && !s.Sweep.Kind.Closed():
		return fmt.Errorf("saturation: %s offers a fixed load, whatever the clients: the sweep needs a closed loop", s.Sweep.Name)
	case !s.NoSweep && len(different) < 3:
		return fmt.Errorf("saturation: %d different numbers of clients; the law's three terms need at least 3", len(different))
	case different[0] < 1 || different[len(different)-1] > workload.MaxClients:
		return fmt.Errorf("saturation: clients must be between 1 and %d", workload.MaxClients)
	}
	return nil
}

// A Try is one load that Saturate has tried.
type Try struct {
	Arm     result.Arm
	Sweep   bool // of clients; otherwise a search for a rate
	Number  int  // from 1, over all arms
	Step    result.Step
	Elapsed time.Duration // since Saturate began
	MaxTime time.Duration
}

// Saturate finds how much the plan's arms carry and adds it to d: for each a knee, by bisection of the rate, and
// the scalability law, fitted to a sweep of a closed loop's clients. Every try has a server of its own, like
// a run; none of them is among the document's runs, because each asks for something else.
//
// Client, server and store share this machine, so what is found is what they carry together: where the driver
// took more than half of the processors, a knee says so and has no upper end.
//
// When ctx ends or MaxTime is over, what was found until then is kept, and d.Partial says what is missing. observe
// may be nil; its calls do not overlap. The plan's workloads and blocks are of no concern.
func Saturate(ctx context.Context, p Plan, s Saturation, d *result.Document, observe func(Try)) error {
	if err := s.Check(); err != nil {
		return err
	}
	s, err := s.withDefaults()
	if err != nil {
		return err
	}
	p.Workloads, p.Blocks, p.Pairs, p.Precision, p.MaxBlocks, p.MaxTime = []workload.Workload{s.Knee, s.Sweep}, 1, nil, 0, 0, 0
	p.Store = cmp.Or(p.Store, "auto")
	if err := p.Check(); err != nil {
		return err
	}
	defer undisturbed()()
	store, err := node.StartStore(ctx, p.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	if p.links, err = openLinks(ctx, p, &result.Document{}); err != nil {
		return err
	}
	defer p.links.Close()
	x := &saturator{Saturation: s, plan: p, store: store, doc: d, observe: observe, began: time.Now()}
	if !s.NoSweep {
		x.sweep(ctx)
	}
	if !s.NoKnee {
		x.knees(ctx)
	}
	if ctx.Err() != nil {
		x.missing("interrupted")
		return ErrInterrupted
	}
	if x.late() {
		x.missing(fmt.Sprintf("after %s, of which %s were allowed", time.Since(x.began).Round(time.Second), s.MaxTime))
	}
	return nil
}

// A saturator tries loads, one at a time.
type saturator struct {
	Saturation
	plan    Plan
	store   *node.Store
	doc     *result.Document
	observe func(Try)
	began   time.Time
	tries   int
}

func (x *saturator) late() bool { return time.Since(x.began) >= x.MaxTime }

// over tells whether no further try may begin.
func (x *saturator) over(ctx context.Context) bool { return ctx.Err() != nil || x.late() }

// missing notes that saturation was broken off.
func (x *saturator) missing(why string) {
	text := "saturation was broken off: " + why
	if x.doc.Partial != "" {
		text = x.doc.Partial + "; " + text
	}
	x.doc.Partial = text
}

// run tries a load once. A run that failed is no error: it says that the load was too much.
func (x *saturator) run(ctx context.Context, w workload.Workload, a result.Arm) result.Run {
	x.tries++
	run, err := runOne(ctx, x.plan, w, nil, a, x.store, prefix(x.began, x.tries), nil)
	if err != nil {
		run.Error = err.Error()
	}
	return run
}

// tell reports a try.
func (x *saturator) tell(a result.Arm, sweep bool, step result.Step) {
	if x.observe != nil {
		x.observe(Try{Arm: a, Sweep: sweep, Number: x.tries, Step: step, Elapsed: time.Since(x.began), MaxTime: x.MaxTime})
	}
}

// step is what came of a load.
func step(load float64, run result.Run) result.Step {
	s := result.Step{Load: load, P50: run.Delivery.P50, P99: run.Delivery.P99, Reason: run.Error}
	n := float64(run.Accounting.Messages())
	if run.Elapsed > 0 {
		s.Out = n / run.Elapsed.Seconds()
	}
	if a := run.Accounting; a.Scheduled > 0 {
		s.Late = float64(a.Late+a.Dropped) / float64(a.Scheduled)
	}
	if run.Server != nil && n > 0 {
		s.CPU = time.Duration(float64(max(run.Server.CPU-run.Server.Idle, 0)) / n)
	}
	return s
}
