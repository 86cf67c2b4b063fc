// Package compare holds a measurement against an earlier one: which arm has become worse or better at which
// workload in which figure, with the statistics of package stats. Runs are the unit; all cells of a comparison
// share one correction by Holm. What cannot be proven is never called a change.
//
// The runs of two documents did not take turns. Whatever else changed between the two measurements, the machine
// above all, changed with the program, and no test can tell them apart; floors, where both have them, show it.
package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/threshold"
	"transportlab/bench/workload"
)

// DefaultMargin is the difference that does not matter, as a share.
const DefaultMargin = 0.05

// Options say what to compare. The zero value compares what tables show and has no threshold.
type Options struct {
	Workloads  []string              // that are compared; nil: all that both have
	Metrics    []result.Metric       // of every workload; nil: what each kind of workload is about
	Thresholds []threshold.Threshold // for every workload, beside the relative ones of the new document's workloads
	Margin     float64               // differences within it are called equivalent; DefaultMargin, negative is none
	Force      bool                  // compare what should not be
}

// A Comparison is what may be said of two documents.
type Comparison struct {
	Cells    []Cell
	Warnings []string // what casts doubt on all of it
	Broken   []string // thresholds that do not hold, or that cannot be judged; empty when all is well
}

// A Cell is one figure of one arm at one workload, then and now.
type Cell struct {
	Workload         string
	Arm              result.ArmInfo
	Metric           result.Metric
	stats.Comparison               // A is now, B was then
	Adjusted         float64       // P after Holm's correction
	Exact            bool          // the same in every run of either document, so that a difference needs no test
	Verdict          stats.Verdict // of now against then
	Broken           string        // the threshold that it breaks, as it was written
}

// Worse tells whether the figure is proven to have become worse.
func (c Cell) Worse() bool {
	return c.Verdict == stats.More && !c.Metric.Higher || c.Verdict == stats.Less && c.Metric.Higher
}

// Better tells whether it is proven to have become better.
func (c Cell) Better() bool {
	return c.Verdict == stats.More && c.Metric.Higher || c.Verdict == stats.Less && !c.Metric.Higher
}

// Documents compares a new document with an old one. It returns an error when the two cannot be compared and
// o.Force is not set, or when they have nothing in common.
func Documents(was, now *result.Document, o Options) (*Comparison, error) {
	grave, slight := Differences(was, now)
	if len(grave) > 0 && !o.Force {
		return nil, fmt.Errorf("not comparable: %s (--force compares all the same)", strings.Join(grave, "; "))
	}
	if o.Margin == 0 {
		o.Margin = DefaultMargin
	}
	c := &Comparison{Warnings: append(grave, slight...)}
	for _, w := range now.Workloads {
		if o.Workloads != nil && !slices.Contains(o.Workloads, w.Name) {
			continue
		}
		metrics := o.Metrics
		if metrics == nil {
			metrics = usual(w.Kind)
		}
		for _, m := range withThresholds(metrics, o.Thresholds, w) {
			for _, a := range now.Arms {
				if cell, ok := newCell(was, now, w.Name, a, m); ok {
					c.Cells = append(c.Cells, cell)
				}
			}
		}
	}
	if len(c.Cells) == 0 {
		return nil, fmt.Errorf("nothing to compare: no arm has the same figure of the same workload in both")
	}
	c.test(o.Margin)
	c.doubt()
	return c, c.hold(now, o)
}

// usual are the metrics that a kind of workload is about: few, because each takes from the power of all.
func usual(kind workload.Kind) []result.Metric {
	names := []string{"p50-ns", "p99-ns", "wire-B/msg", "cpu-ns/msg"}
	switch kind {
	case workload.Idle:
		names = []string{"B/conn", "idle-B/min", "idle-cpu-ns/conn/s"}
	case workload.Ingest:
		names = []string{"ack-p50-ns", "ack-p99-ns", "wire-B/msg", "cpu-ns/msg"}
	case workload.Resume:
		names = []string{"catchup-p50-ns", "wire-B/msg", "cpu-ns/msg"}
	}
	var list []result.Metric
	for _, name := range names {
		if m, ok := result.FindMetric(name); ok {
			list = append(list, m)
		}
	}
	return list
}

// withThresholds adds the metrics that thresholds speak of.
func withThresholds(metrics []result.Metric, all []threshold.Threshold, w workload.Workload) []result.Metric {
	metrics = slices.Clone(metrics)
	own, _ := relative(w)
	for _, t := range append(slices.Clone(all), own...) {
		if t.Metric.Name != "" && !slices.ContainsFunc(metrics, t.Speaks) {
			metrics = append(metrics, t.Metric)
		}
	}
	return metrics
}

// relative are the thresholds of a workload that a comparison can judge.
func relative(w workload.Workload) ([]threshold.Threshold, error) {
	var list []threshold.Threshold
	for _, text := range w.Thresholds {
		t, err := threshold.Parse(text)
		if err != nil {
			return list, fmt.Errorf("workload %s: %w", w.Name, err)
		}
		if t.Relative {
			list = append(list, t)
		}
	}
	return list, nil
}

func newCell(was, now *result.Document, workload string, a result.ArmInfo, m result.Metric) (Cell, bool) {
	a1, b1 := values(now, workload, a.Arm, m), values(was, workload, a.Arm, m)
	if len(a1) == 0 || len(b1) == 0 {
		return Cell{}, false
	}
	c := Cell{Workload: workload, Arm: a, Metric: m, Comparison: stats.Compare(a1, b1), Adjusted: math.NaN()}
	c.Exact = m.Exact && same(a1) && same(b1)
	return c, true
}

func values(d *result.Document, workload string, a result.Arm, m result.Metric) []float64 {
	var list []float64
	for _, r := range d.Runs {
		if r.Workload == workload && r.Arm == a {
			if v, ok := m.Value(r); ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
				list = append(list, v)
			}
		}
	}
	return list
}

func same(values []float64) bool {
	return len(values) > 1 && slices.Min(values) == slices.Max(values)
}

// test gives every cell its verdict. Cells that need no test do not weigh on the others.
func (c *Comparison) test(margin float64) {
	ps := make([]float64, len(c.Cells))
	for i, cell := range c.Cells {
		ps[i] = cell.P
		if cell.Exact {
			ps[i] = math.NaN()
		}
	}
	for i, p := range stats.Holm(ps) {
		cell := &c.Cells[i]
		cell.Adjusted = p
		if !cell.Exact {
			cell.Verdict = cell.Comparison.Verdict(p, margin)
			continue
		}
		switch now, then := cell.A.Median, cell.B.Median; {
		case now > then:
			cell.Verdict = stats.More
		case now < then:
			cell.Verdict = stats.Less
		default:
			cell.Verdict = stats.Equivalent
		}
	}
}

// doubt adds what the cells themselves say against the comparison.
func (c *Comparison) doubt() {
	tested, small, runs := 0, 0, math.MaxInt
	for _, cell := range c.Cells {
		switch {
		case cell.Exact:
		case cell.Small:
			small++
		default:
			tested++
			runs = min(runs, cell.A.N, cell.B.N)
		}
		if cell.Arm.Floor && (cell.Worse() || cell.Better()) {
			c.Warnings = append(c.Warnings, fmt.Sprintf("the machine itself changed: the floor %s has %s times the %s of then at %s", cell.Arm.Arm, ratioText(cell.Ratio.Median), cell.Metric.Name, cell.Workload))
		}
	}
	if small > 0 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d of %d figures have fewer than %d runs then or now, so that nothing can be proven of them", small, len(c.Cells), stats.MinRuns))
	}
	if tested > 0 && smallestP(runs)*float64(tested) >= stats.Alpha {
		need := runs
		for smallestP(need)*float64(tested) >= stats.Alpha {
			need++
		}
		c.Warnings = append(c.Warnings, fmt.Sprintf("with %d runs no difference among %d figures can be proven, however large: compare fewer, or measure %d runs then and now", runs, tested, need))
	}
}

// smallestP is the p-value of Mann–Whitney's U when n runs of one are all larger than n of the other.
func smallestP(n int) float64 {
	ln := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	return 2 * math.Exp(2*ln(n)-ln(2*n))
}

func ratioText(v float64) string { return fmt.Sprintf("%.3g", v) }
