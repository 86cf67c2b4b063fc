package stats

import (
	"fmt"
	"math"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A Stability says whether the runs of one arm on one workload may be taken as independent draws of one
// distribution, which all else here assumes.
type Stability struct {
	Series
	Trend  Trend   // of the headline over the runs
	Order  Order   // whether neighbouring runs resemble each other
	Drift  Summary // latency in the second half of the measured part over that in the first, over runs; N is 0 where a timeline says nothing
	DriftP float64 // that the halves are alike (Wilcoxon's signed ranks over runs); NaN when there are too few
	// Warnings are what was found, for people, with p-values that were corrected for all tests of the document
	// (Holm 1979): a sound document has one with a chance of Alpha.
	Warnings []string
}

// least is the change within runs that a warning is about: less is of no consequence, however sure.
const least = 0.05

// Stabilities tests every headline of a document.
func Stabilities(d *result.Document) []Stability {
	var list []Stability
	var ps []float64
	for _, s := range Headlines(d) {
		t := Stability{Series: s, Trend: MannKendall(s.Values), Order: Independence(s.Values)}
		t.Drift, t.DriftP = drift(s)
		list = append(list, t)
		ps = append(ps, t.Trend.P, t.Order.P, t.DriftP)
	}
	ps = Holm(ps)
	for i := range list {
		t, p := &list[i], ps[3*i:]
		if p[0] < Alpha {
			change := t.Trend.Slope * float64(t.Trend.N-1) / median(t.Values)
			t.Warnings = append(t.Warnings, fmt.Sprintf("%s changed by %+.0f %% over the %d runs (Mann–Kendall, p = %.2g)", t.Metric, 100*change, t.Trend.N, p[0]))
		}
		if p[1] < Alpha {
			t.Warnings = append(t.Warnings, fmt.Sprintf("neighbouring runs depend on each other: lag-1 autocorrelation %.2f, von Neumann's ratio %.2f (p = %.2g)", t.Order.Lag1, t.Order.Ratio, p[1]))
		}
		if p[2] < Alpha && math.Abs(t.Drift.Median-1) > least {
			t.Warnings = append(t.Warnings, fmt.Sprintf("the second half of the measured part took %.2f times as long as the first (signed ranks over runs, p = %.2g): a longer warm-up, or an unbounded queue", t.Drift.Median, p[2]))
		}
	}
	return list
}

// drift compares the halves of the timelines. A trace need not be alike in both halves, and is left out. Runs
// are the unit: stretches of one run depend on each other.
func drift(s Series) (Summary, float64) {
	var ratios, logs []float64
	for _, r := range s.Runs {
		if ratio, ok := halves(r.Timeline); ok && s.Workload.Arrival.Process != workload.Trace {
			ratios, logs = append(ratios, ratio), append(logs, math.Log(ratio))
		}
	}
	if len(ratios) == 0 {
		return Summarize(nil), math.NaN()
	}
	return Summarize(ratios), SignedRank(logs)
}

// halves is the median over the stretches of a timeline's second half over that of its first; false when
// either has fewer than three stretches with deliveries.
func halves(line []result.Moment) (ratio float64, ok bool) {
	var half [2][]float64
	for i, m := range line {
		if m.Count > 0 && m.P50 > 0 {
			side := i * 2 / len(line)
			half[side] = append(half[side], m.P50)
		}
	}
	if min(len(half[0]), len(half[1])) < 3 {
		return 0, false
	}
	return median(half[1]) / median(half[0]), true
}
