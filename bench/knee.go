package bench

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// Limits of a load that holds, beside that of p99.
const (
	mostGrowth    = 0.05 // of latency by the time that passes: the queue would never empty
	mostDriver    = 0.5  // of the machine's processor time for the driver
	mostOurs      = 0.5  // of the machine's processor time for driver and server: above, they disturb themselves
	mostDisturbed = 5    // tries of a rate that do not count, before the search is given up
)

// Why a load did not hold, or a search ended.
const (
	boundP99     = "p99"
	boundLate    = "late"
	boundLost    = "lost"
	boundBacklog = "backlog"
	boundDriver  = "driver"
	boundStopped = "stopped"

	boundDisturbed = "disturbed" // ends no search
)

// knees searches the knee of every arm, in random order.
func (x *saturator) knees(ctx context.Context) {
	for _, i := range shuffled(x.plan.Seed, 1, 0, len(x.plan.Arms)) {
		if x.over(ctx) {
			return
		}
		a := x.plan.Arms[i]
		k := result.Knee{Workload: x.Knee.Name, Arm: a, Limit: x.Limit}
		x.search(ctx, &k, func(rate float64) (result.Step, string) {
			s, bound := x.try(ctx, rate, a)
			if ctx.Err() == nil {
				x.tell(a, false, s)
			}
			return s, bound
		})
		if len(k.Steps) > 0 {
			x.doc.Knees = append(x.doc.Knees, k)
		}
	}
}

// search finds the highest rate that holds: it doubles the rate until one does not, and then halves the
// interval, on a logarithmic scale, until its ends are close. try returns why a rate did not hold, empty when
// it did.
//
// A rate fails when it fails twice: what disturbs the machine can only make a load fail that would have held,
// never the other way round, so one try that held is proof.
func (x *saturator) search(ctx context.Context, k *result.Knee, try func(rate float64) (result.Step, string)) {
	least, failed := x.least(), math.Inf(1) // failed is the lowest rate that did
	for rate := min(max(firstRate*x.Knee.Rate, least), x.MaxRate); ; {
		why, tried := x.twice(ctx, k, func() (result.Step, string) { return try(rate) })
		switch {
		case !tried:
			k.Bound = boundStopped
		case why == boundDisturbed: // and would be at other rates
			k.Bound = boundDriver
			x.conclude(k, failed)
			return
		case why == "":
			k.Lo = rate
		default:
			failed, k.Bound = rate, why
		}
		switch {
		case !tried, k.Lo == 0 && failed <= least, failed <= k.Lo*x.Ratio:
			x.conclude(k, failed)
			return
		case k.Lo >= x.MaxRate:
			k.Bound = boundStopped
			x.conclude(k, failed)
			return
		case math.IsInf(failed, 1):
			rate = min(2*rate, x.MaxRate)
		case k.Lo == 0:
			rate = max(rate/4, least)
		default:
			rate = math.Sqrt(k.Lo * failed)
		}
	}
}

// twice tries a rate, and once more if it did not hold; tries that something else on the machine disturbed do not
// count. tried is false when the search was broken off.
func (x *saturator) twice(ctx context.Context, k *result.Knee, try func() (result.Step, string)) (why string, tried bool) {
	disturbed := 0
	for fails := 0; fails < 2; fails++ {
		if x.over(ctx) {
			return "", false
		}
		s, bound := try()
		if ctx.Err() != nil { // it says nothing
			return "", false
		}
		k.Steps = append(k.Steps, s)
		if why = bound; why == "" {
			break
		}
		if why == boundDisturbed {
			if disturbed++; disturbed == mostDisturbed {
				break
			}
			fails--
		}
	}
	return why, true
}

// conclude fills in the interval. Where the driver's own limit came first, or none was met, the upper end is not
// known, and the rate is the highest that held.
func (x *saturator) conclude(k *result.Knee, failed float64) {
	if k.Bound != boundDriver && !math.IsInf(failed, 1) {
		k.Hi = failed
	}
	k.Rate = k.Lo
	if k.Hi > 0 && k.Lo > 0 {
		k.Rate = (k.Lo + k.Hi) / 2
	}
}

// deliveries is how many deliveries a message causes, on average.
func deliveries(w workload.Workload) float64 { return float64(w.Clients) / float64(w.Topics) }

// firstRate is how many times the workload's own rate is tried first.
const firstRate = 4

// longest is how many times longer than Step a try may be, so that a low rate has enough deliveries for a p99.
const longest = 4

// least is the lowest rate that is tried: below it, a try has too few deliveries to have a p99.
func (x *saturator) least() float64 {
	return float64(result.Needed(99)) / deliveries(x.Knee) / (longest * x.Step.Seconds())
}

// try tries a rate once.
func (x *saturator) try(ctx context.Context, rate float64, a result.Arm) (result.Step, string) {
	w := x.Knee
	w.Rate = rate
	needed := float64(result.Needed(99)) / deliveries(w) / rate
	w.Duration = workload.Duration(max(x.Step, time.Duration(1.05*needed*float64(time.Second))))
	w.Warmup = min(w.Warmup, w.Duration/4)
	run := x.run(ctx, w, a)
	s := step(rate, run)
	bound, reason := x.judge(run, s)
	s.Held, s.Reason = bound == "", reason
	return s, bound
}

// judge says why a load did not hold, in a word and for people; empty when it did.
func (x *saturator) judge(run result.Run, s result.Step) (bound, reason string) {
	a := run.Accounting
	growth := growth(run.Timeline)
	switch {
	case run.Error != "":
		bound, reason = boundLost, run.Error
	case a.Lost+a.Gaps > 0 || a.Delivered < a.Expected:
		bound, reason = boundLost, fmt.Sprintf("%d deliveries are missing", max(a.Lost+a.GapSize, a.Expected-min(a.Expected, a.Delivered)))
	case s.P99 > x.Limit:
		bound, reason = boundP99, fmt.Sprintf("p99 was %s, more than %s", s.P99, x.Limit)
	case s.Late > mostLate:
		bound, reason = boundLate, fmt.Sprintf("%.2g %% of the messages were sent late or not at all", 100*s.Late)
	case growth > mostGrowth:
		bound, reason = boundBacklog, fmt.Sprintf("latency grew by %.0f ms every second", 1000*growth)
	default:
		return "", ""
	}
	driver, server := burden(run)
	unfit := strained(run, x.plan.Capacity)
	switch {
	case driver > mostDriver:
		return boundDriver, fmt.Sprintf("%s; but the driver itself took %.0f %% of the processors", reason, 100*driver)
	case len(unfit) > 0:
		return boundDriver, reason + "; but " + unfit[0].Reason
	case run.Error == "" && driver+server < mostOurs && disturbed(run):
		return boundDisturbed, reason + "; but something else kept the machine busy"
	}
	return bound, reason
}

// burden is the driver's and the server's share of all the processor time that there was.
func burden(run result.Run) (driver, server float64) {
	if run.Elapsed <= 0 {
		return 0, 0
	}
	all := float64(run.Elapsed) * float64(runtime.NumCPU())
	if run.Server != nil {
		server = float64(run.Server.CPU) / all
	}
	return float64(run.Driver.CPU) / all, server
}

// disturbed tells whether the sentinel found the machine unfit for tails.
func disturbed(run result.Run) bool {
	had := float64(run.Setup+run.Elapsed) * float64(runtime.NumCPU())
	return run.Noise.Timer.P99 > mostJitter || float64(run.Noise.Stolen) > mostStolen*had
}

// growth is how much latency grows while time passes: the medians of the timeline's halves, weighted by their
// deliveries, over the time between them. 0.1 is a queue to which a tenth more comes than leaves.
func growth(line []result.Moment) float64 {
	var sum, weight, at [2]float64
	for i, m := range line {
		side := i * 2 / len(line)
		n := float64(m.Count)
		sum[side], weight[side], at[side] = sum[side]+n*m.P50, weight[side]+n, at[side]+n*m.At
	}
	if weight[0] == 0 || weight[1] == 0 {
		return 0
	}
	return (sum[1]/weight[1] - sum[0]/weight[0]) / 1e9 / (at[1]/weight[1] - at[0]/weight[0])
}
