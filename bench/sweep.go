package bench

import (
	"cmp"
	"context"
	"slices"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// sweep gives every arm the closed loop with more and more clients, the arms in turn and in random order at each
// number, and fits the scalability law to what each delivers.
func (x *saturator) sweep(ctx context.Context) {
	steps := make([][]result.Step, len(x.plan.Arms))
	for n, clients := range slices.Compact(slices.Sorted(slices.Values(x.Clients))) {
		tries := make([][]result.Step, len(x.plan.Arms))
		for turn := range x.Turns {
			for _, i := range shuffled(x.plan.Seed, n+1, turn+1, len(x.plan.Arms)) {
				if x.over(ctx) {
					break
				}
				a := x.plan.Arms[i]
				run := x.run(ctx, crowd(x.Sweep, clients, x.Length), a)
				if ctx.Err() != nil {
					break
				}
				s := step(float64(clients), run)
				s.Held = run.Error == "" && s.Out > 0
				tries[i] = append(tries[i], s)
				x.tell(a, true, s)
			}
		}
		for i := range tries {
			if len(tries[i]) > 0 {
				steps[i] = append(steps[i], middle(tries[i]))
			}
		}
	}
	for i, a := range x.plan.Arms {
		if s, ok := scaling(x.Sweep.Name, a, steps[i]); ok {
			x.doc.Scalings = append(x.doc.Scalings, s)
		}
	}
}

// middle is the step with the median throughput, the lower of two.
func middle(tries []result.Step) result.Step {
	slices.SortFunc(tries, func(a, b result.Step) int { return cmp.Compare(a.Out, b.Out) })
	return tries[(len(tries)-1)/2]
}

// crowd is a closed loop with so many clients.
func crowd(w workload.Workload, clients int, length time.Duration) workload.Workload {
	w.Clients, w.Topics, w.Publishers = clients, 0, 0
	w.Duration = workload.Duration(length)
	w.Warmup = min(w.Warmup, w.Duration/2)
	return w.WithDefaults()
}

// scaling fits the law to the steps that held; false when too few did.
func scaling(name string, a result.Arm, steps []result.Step) (result.Scaling, bool) {
	var clients, out []float64
	for _, s := range steps {
		if s.Held {
			clients, out = append(clients, s.Load), append(out, s.Out)
		}
	}
	law, err := stats.FitLaw(clients, out)
	if err != nil {
		return result.Scaling{}, false
	}
	s := result.Scaling{Workload: name, Arm: a, Lambda: law.Lambda, Sigma: law.Sigma, Kappa: law.Kappa, R2: law.R2, Steps: steps}
	if peak := law.Peak(); peak <= slices.Max(clients) {
		s.Peak = peak
	}
	return s, true
}
