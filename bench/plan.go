// Package bench measures transports side by side: it gives every arm of a plan the same workloads, each
// time against a fresh server in a process of its own, in blocks whose order is random, and writes down
// what happened as a result.Document. What the figures mean is for reports to say.
//
// A program that calls Run must begin as node.IsChild says.
package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/null"
)

// A Plan says what to measure. Workloads, Arms and Blocks must be set; DefaultPlan does.
type Plan struct {
	Title     string
	Workloads []workload.Workload
	Arms      []result.Arm
	Blocks    int                    // how often every arm runs each workload
	Precision float64                // go on after that until every headline's interval is at most this share of its median to either side; 0 is not
	MaxBlocks int                    // with Precision: most blocks; 40
	MaxTime   time.Duration          // with Precision: no block beyond Blocks begins after so long; 30m
	Pairs     map[string][]Pair      // the arms that run a workload, by its name; nil: every arm runs every workload
	Seed      uint64                 // of the order of the arms
	Options   transports.Options     // of all arms; MessageRate's zero is no limit that a run could reach
	Store     string                 // of the log, as redislog.Open takes it; "auto"
	Reference string                 // the arm that the others are compared with; "" is the first
	Target    string                 // URL of a server that runs already; "" starts a fresh one for each run
	Mine      bool                   // whoever runs this answers for the target's host, which may be another machine
	Command   []string               // the command line, for the record
	Capacity  *result.Capacity       // of the driver, which runs should not come near; nil is unknown
	Emulator  string                 // of the arms' network conditions, as link.Open takes it; "auto"
	Grace     time.Duration          // for what is under way when a part of a run ends; 10s, and four intervals at least
	Plant     func(result.Arm) Plant // of a calibration: what it hides in each arm; nil hides nothing

	links links // the arms' network conditions while Run lasts
}

// DefaultPlan compares the five transports over HTTP/1.1 on four workloads in under three minutes.
func DefaultPlan() Plan {
	p := Plan{
		Title:     "Five transports over one log",
		Blocks:    stats.MinRuns,
		Seed:      1,
		Options:   transports.Options{Interval: 250 * time.Millisecond},
		Store:     "auto",
		Reference: "websocket",
	}
	for _, name := range []string{"push", "fanout", "rtt", "idle"} {
		w, err := workload.Find(name)
		if err != nil {
			panic(err) // the list is this program's own
		}
		p.Workloads = append(p.Workloads, w)
	}
	for _, name := range []string{"polling", "ajax", "longpoll", "streaming", "websocket"} {
		p.Arms = append(p.Arms, result.Arm{Transport: name, Carrier: "h1", Net: "loopback"})
	}
	return p
}

// Arms returns each of the transports over each of the carriers. A transport that runs on none of them is
// an error; one that runs on some gets those. The floor "null" has no carrier.
func Arms(names, carriers []string) ([]result.Arm, error) {
	var arms []result.Arm
	for _, name := range names {
		t, err := find(name, transports.Options{})
		if err != nil {
			return nil, err
		}
		before := len(arms)
		for _, carrier := range t.Info().Carriers {
			if carrier == "none" || slices.Contains(carriers, carrier) {
				arms = append(arms, result.Arm{Transport: name, Carrier: carrier, Net: "loopback"})
			}
		}
		if len(arms) == before {
			return nil, fmt.Errorf("%s runs on %v, not on %v", name, t.Info().Carriers, carriers)
		}
	}
	return arms, nil
}

// find returns a transport by name. The floor null, which needs a log of this process, is not in the
// registry; what is returned for it here only describes it.
func find(name string, o transports.Options) (transports.Transport, error) {
	if t := null.New(nil, o); t.Info().Name == name {
		return t, nil
	}
	return all.Find(name, o)
}

// Check returns an error that says what of the plan cannot be run.
func (p Plan) Check() error {
	switch {
	case len(p.Workloads) == 0:
		return errors.New("the plan has no workload")
	case len(p.Arms) == 0:
		return errors.New("the plan has no transport")
	case p.Blocks < 1 || p.Blocks > 10_000:
		return fmt.Errorf("%d runs of each arm are not between 1 and 10,000", p.Blocks)
	}
	if err := p.checkLength(); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, w := range p.Workloads {
		if err := w.Check(); err != nil {
			return fmt.Errorf("workload %s: %w", w.Name, err)
		}
		if names[w.Name] {
			return fmt.Errorf("workload %s is there twice", w.Name)
		}
		names[w.Name] = true
		if len(p.armsOf(w, 1)) == 0 {
			return fmt.Errorf("workload %s has no arm to run it", w.Name)
		}
	}
	if err := p.checkPairs(names); err != nil {
		return err
	}
	for i, a := range p.Arms {
		if err := p.checkArm(a); err != nil {
			return err
		}
		if slices.Contains(p.Arms[:i], a) {
			return fmt.Errorf("%s is there twice", a)
		}
	}
	if p.Target != "" && !p.Mine {
		if err := node.Loopback(p.Target); err != nil {
			return fmt.Errorf("%w: say that its host is yours to load", err)
		}
	}
	if p.Reference != "" && !slices.ContainsFunc(p.Arms, func(a result.Arm) bool { return a.String() == p.Reference }) {
		return fmt.Errorf("the reference %s is not among the arms", p.Reference)
	}
	return nil
}

// options are the plan's as the runs use them. One connection of a benchmark may send what a whole audience
// would.
func (p Plan) options() transports.Options {
	o := p.Options
	if o.MessageRate <= 0 {
		o.MessageRate = 10_000_000
	}
	return o.WithDefaults()
}

// traces loads the traces that the workloads name.
func (p *Plan) traces() (map[string]*arrival.TraceFile, error) {
	traces := map[string]*arrival.TraceFile{}
	p.Workloads = slices.Clone(p.Workloads)
	for i := range p.Workloads {
		w := &p.Workloads[i]
		if w.Arrival.Process != workload.Trace {
			continue
		}
		t, err := arrival.Load(w.Arrival.Trace)
		if err != nil {
			return nil, fmt.Errorf("workload %s: %w", w.Name, err)
		}
		w.Arrival.Digest = t.Digest
		traces[w.Name] = t
	}
	return traces, nil
}
