package matrix

import (
	"fmt"
	"slices"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// An expander multiplies the parts of a matrix out into one plan.
type expander struct {
	matrix    *Matrix
	plan      bench.Plan
	workloads map[string]int // by name: the place in the plan
	combined  int            // combinations so far, those that are left out too
	left      []Left
}

// A choice is one value of each dimension.
type choice struct {
	base     workload.Workload
	size     string
	content  string
	clients  int
	rate     float64
	workload workload.Workload // what they make

	transport, carrier, net, proxy, compression, headers string
	interval                                             workload.Duration
	arm                                                  result.Arm // what they make
}

// part adds a part's workloads and arms.
func (e *expander) part(i int) error {
	p, at := e.matrix.Parts[i], fmt.Sprintf("parts[%d]", i)
	e.combined += product(p)
	if e.combined > MaxCombinations {
		return wrong(at, "with it there are %d combinations of workloads and arms, more than %d", e.combined, MaxCombinations)
	}
	arms := arms(p)
	ran := false
	for _, c := range e.matrix.workloads(p) {
		for _, a := range arms {
			c.transport, c.carrier, c.net, c.proxy, c.compression, c.headers, c.interval, c.arm =
				a.transport, a.carrier, a.net, a.proxy, a.compression, a.headers, a.interval, a.arm
			if why := leaveOut(p, c); why != "" {
				e.leave(i, c, why)
				continue
			}
			if err := e.add(at, c, p.Runs); err != nil {
				return err
			}
			ran = true
		}
	}
	if !ran {
		return wrong(at, "nothing of it is left: %s", e.left[len(e.left)-1].Because)
	}
	return nil
}

func product(p Part) int {
	n := 1
	for _, values := range []int{len(p.Workloads), len(p.Sizes), len(p.Contents), len(p.Clients), len(p.Rates), len(p.Transports), len(p.Carriers),
		len(p.Nets), len(p.Proxies), len(p.Compression), len(p.Headers), len(p.Intervals)} {
		if n *= max(values, 1); n > MaxCombinations {
			return n
		}
	}
	return n
}

// pointless says why a workload does not have one of its dimensions; empty when it does.
func pointless(c choice) string {
	switch base := c.base; {
	case c.workload.Name == base.Name:
	case !base.Kind.Sends() && (c.workload.Size != base.Size || c.workload.Binary != base.Binary || c.workload.Rate != base.Rate):
		return base.Name + " sends nothing, so it has neither sizes nor contents nor rates"
	case base.Kind.Closed() && c.workload.Rate != base.Rate:
		return base.Name + " is a closed loop, which has no rate"
	case base.Arrival.Process == workload.Trace && (c.workload.Size != base.Size || c.workload.Rate != base.Rate):
		return base.Name + " plays a trace, which has its own sizes and rate"
	}
	return ""
}

// leaveOut says why a combination is left out; empty when it is not.
func leaveOut(p Part, c choice) string {
	if why := pointless(c); why != "" {
		return why
	}
	if err := bench.CheckArm(c.arm); err != nil {
		return err.Error()
	}
	if c.interval > 0 && !slices.Contains(timed, c.transport) {
		return c.transport + " does not ask at intervals"
	}
	for _, x := range p.Exclude {
		if x.fits(p, c) {
			return x.Because
		}
	}
	return ""
}

// fits tells whether an exclusion is of a combination.
func (x Exclusion) fits(p Part, c choice) bool {
	return contains(x.Workloads, c.base.Name) && contains(x.Sizes, c.size) && contains(x.Contents, c.content) &&
		contains(x.Clients, c.clients) && contains(x.Rates, c.rate) && contains(x.Transports, c.transport) &&
		contains(x.Carriers, c.carrier) && contains(x.Nets, c.net) && contains(x.Proxies, c.proxy) &&
		contains(x.Compression, c.compression) && contains(x.Headers, c.headers) && contains(x.Intervals, c.interval)
}

func (e *expander) leave(part int, c choice, why string) {
	for i, l := range e.left {
		if l.Part == part+1 && l.Because == why {
			e.left[i].Count++
			return
		}
	}
	e.left = append(e.left, Left{Part: part + 1, What: c.workload.Name + " on " + c.arm.String(), Because: why, Count: 1})
}

// add puts a combination into the plan.
func (e *expander) add(at string, c choice, runs int) error {
	w := c.workload
	if err := w.Check(); err != nil {
		return wrong(at, "%s: %v", w.Name, err)
	}
	place, there := e.workloads[w.Name]
	if !there {
		place = len(e.plan.Workloads)
		e.workloads[w.Name] = place
		e.plan.Workloads = append(e.plan.Workloads, w)
	}
	if !same(e.plan.Workloads[place], w) {
		return wrong(at, "%s differs from the workload of that name in an earlier part: define one of another name", w.Name)
	}
	if !slices.Contains(e.plan.Arms, c.arm) {
		e.plan.Arms = append(e.plan.Arms, c.arm)
	}
	pairs := e.plan.Pairs[w.Name]
	i := slices.IndexFunc(pairs, func(p bench.Pair) bool { return p.Arm == c.arm })
	switch {
	case i < 0:
		e.plan.Pairs[w.Name] = append(pairs, bench.Pair{Arm: c.arm, Blocks: runs})
	case runs == 0 || pairs[i].Blocks == 0:
		pairs[i].Blocks = 0
	default:
		pairs[i].Blocks = max(pairs[i].Blocks, runs)
	}
	return nil
}

// same tells whether two workloads ask for the same.
func same(a, b workload.Workload) bool {
	return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}
