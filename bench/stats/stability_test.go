package stats

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchmath"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// history is a document of one arm whose runs have the given medians in nanoseconds; each run's latency in the
// second half of its timeline is late times that of the first.
func history(medians []float64, late float64) *result.Document {
	arm := result.Arm{Transport: "websocket", Carrier: "h1", Net: "loopback"}
	d := &result.Document{Workloads: []workload.Workload{{Name: "push", Kind: workload.Push}}, Arms: []result.ArmInfo{{Arm: arm}}}
	rng := rand.New(rand.NewPCG(1, 2))
	for i, m := range medians {
		r := result.Run{Block: i + 1, Order: 1, Workload: "push", Arm: arm, Delivery: result.Histogram{Count: 2000, P50: time.Duration(m)}}
		for s := range 20 {
			v := m * (1 + 0.02*rng.NormFloat64())
			if s >= 10 {
				v *= late
			}
			r.Timeline = append(r.Timeline, result.Moment{At: float64(s), Count: 100, P50: v})
		}
		d.Runs = append(d.Runs, r)
	}
	return d
}

func noisy(n int, shape func(i int) float64) []float64 {
	rng := rand.New(rand.NewPCG(3, 4))
	v := make([]float64, n)
	for i := range v {
		v[i] = 1e6 * shape(i) * (1 + 0.02*rng.NormFloat64())
	}
	return v
}

func TestStabilitiesWarnOfWhatIntervalsDoNotAllow(t *testing.T) {
	flat := func(int) float64 { return 1 }
	for name, c := range map[string]struct {
		d    *result.Document
		want string
	}{
		"steady":      {history(noisy(12, flat), 1), ""},
		"warming up":  {history(noisy(12, func(i int) float64 { return 1 + 0.05*float64(i) }), 1), "changed by"},
		"waves":       {history(noisy(24, func(i int) float64 { return 1 + 0.3*math.Sin(float64(i)/2) }), 1), "depend on each other"},
		"a queue":     {history(noisy(12, flat), 1.5), "1.5"},
		"a bit later": {history(noisy(12, flat), 1.03), ""},
		"few runs":    {history(noisy(5, func(i int) float64 { return 1 + float64(i) }), 2), ""},
	} {
		list := Stabilities(c.d)
		if len(list) != 1 {
			t.Fatalf("%s: %d series", name, len(list))
		}
		got := strings.Join(list[0].Warnings, "; ")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want it to mention %q", name, got, c.want)
		}
	}
}

func TestStabilitiesOfRunsWithoutTimelines(t *testing.T) {
	d := history(noisy(8, func(int) float64 { return 1 }), 1)
	for i := range d.Runs {
		d.Runs[i].Timeline = d.Runs[i].Timeline[:4]
	}
	if s := Stabilities(d)[0]; s.Drift.N != 0 || !math.IsNaN(s.DriftP) || len(s.Warnings) != 0 {
		t.Errorf("%+v", s)
	}
	d.Runs[0].Error = "lost"
	if s := Stabilities(d)[0]; len(s.Values) != 7 || s.All != 8 {
		t.Errorf("a failed run is among the values: %+v", s)
	}
}

func TestImpreciseAreTheHeadlinesThatAreNotNarrow(t *testing.T) {
	d := history(noisy(10, func(int) float64 { return 1 }), 1)
	if w := Imprecise(d); len(w) != 0 {
		t.Errorf("nothing was asked: %+v", w)
	}
	d.Precision = 0.05
	if w := Imprecise(d); len(w) != 0 {
		t.Errorf("2 %% of noise and ten runs: %+v", w)
	}
	d.Precision = 0.001
	if w := Imprecise(d); len(w) != 1 || w[0].Half < 0.001 || w[0].Half > 0.05 || w[0].Hopeless {
		t.Errorf("a tenth of a percent: %+v", w)
	}
	d.Runs = d.Runs[:5]
	if w := Imprecise(d); len(w) != 1 || !math.IsInf(w[0].Half, 1) {
		t.Errorf("five runs: %+v", w)
	}
	d = history(make([]float64, 6), 1)
	for i := range d.Runs {
		d.Runs[i].Error = "lost"
	}
	d.Precision = 0.05
	if w := Imprecise(d); len(w) != 1 || !w[0].Hopeless {
		t.Errorf("only failures: %+v", w)
	}
}

// TestStoppingByWidthKeepsWhatIsClaimed plays 600 comparisons of equal arms through, each of which goes on
// from six blocks until the intervals of both medians are within ±5 % or there are forty. The true median is
// 1. The intervals of the first arm must cover it in 95 % within what 600 tries allow and the point and a
// half that the doc comment concedes; equal arms may be told apart in 5 % within as much.
func TestStoppingByWidthKeepsWhatIsClaimed(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	const tries = 600
	covered, apart, blocks := 0, 0, 0
	for range tries {
		var a, b []float64
		for len(a) < 40 {
			a, b = append(a, math.Exp(0.07*rng.NormFloat64())), append(b, math.Exp(0.07*rng.NormFloat64()))
			if len(a) >= MinRuns && Summarize(a).Spread() <= 5 && Summarize(b).Spread() <= 5 {
				break
			}
		}
		if s := Summarize(a); s.Lo <= 1 && s.Hi >= 1 {
			covered++
		}
		if benchmath.AssumeNothing.Compare(sample(a), sample(b)).P < Alpha {
			apart++
		}
		blocks += len(a)
	}
	t.Logf("%.1f %% covered, %.1f %% told apart, %.1f blocks on average", 100*float64(covered)/tries, 100*float64(apart)/tries, float64(blocks)/tries)
	if share := float64(covered) / tries; share < 0.92 {
		t.Errorf("intervals cover %.1f %%", 100*share)
	}
	if share := float64(apart) / tries; share > 0.08 {
		t.Errorf("%.1f %% of equal arms are told apart", 100*share)
	}
	if mean := float64(blocks) / tries; mean < 8 || mean > 36 {
		t.Errorf("%.1f blocks on average: the rule is not exercised", mean)
	}
}
