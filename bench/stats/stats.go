// Package stats turns the figures of repeated runs into statements that hold. It is the only package
// that knows which tests are used: the median with its order-statistic confidence interval, and
// Mann–Whitney's U between two arms, both from golang.org/x/perf/benchmath, which assume nothing about
// the distribution; Holm's correction for many comparisons at once; a bootstrap interval for ratios.
//
// A run is one figure. Samples within a run are not independent of each other and never enter here.
package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/perf/benchmath"
)

// MinRuns is the least number of runs from which a 95 % interval of a median follows: with fewer, even
// the smallest and largest value together do not cover it.
const MinRuns = 6

// Alpha is the chance of naming a difference that is none, over all comparisons of a report together.
const Alpha = 0.05

// Confidence is that of intervals.
const Confidence = 0.95

// A Summary is the median of several runs. Lo and Hi bound it with Confidence; with fewer than MinRuns
// values they are the smallest and largest and Small is set.
type Summary struct {
	N              int
	Median, Lo, Hi float64
	Small          bool
}

// Summarize returns the median of values, which it leaves as they are. Without values all is NaN.
func Summarize(values []float64) Summary {
	switch n := len(values); {
	case n == 0:
		return Summary{0, math.NaN(), math.NaN(), math.NaN(), true}
	case n < MinRuns:
		return Summary{n, median(values), slices.Min(values), slices.Max(values), true}
	}
	s := benchmath.AssumeNothing.Summary(sample(values), Confidence)
	return Summary{len(values), s.Center, s.Lo, s.Hi, false}
}

// Spread is half the interval in percent of the median.
func (s Summary) Spread() float64 { return 100 * (s.Hi - s.Lo) / 2 / math.Abs(s.Median) }

// String is "1.5 (1.4 to 1.7, n = 10)".
func (s Summary) String() string {
	note := ""
	if s.Small {
		note = ": too small for an interval"
	}
	return fmt.Sprintf("%.4g (%.4g to %.4g, n = %d%s)", s.Median, s.Lo, s.Hi, s.N, note)
}

// A Comparison is what several runs of A and of B say about their difference.
type Comparison struct {
	A, B   Summary
	P      float64 // of Mann–Whitney's U, two-sided; NaN when Small
	Effect float64 // chance that a run of A exceeds one of B (Vargha and Delaney 2000): 0.5 is none
	Ratio  Summary // median of A over median of B, with a bootstrap interval
	Small  bool    // fewer than MinRuns of either: nothing follows
}

// Compare compares two arms.
func Compare(a, b []float64) Comparison {
	c := Comparison{A: Summarize(a), B: Summarize(b), P: PValue(a, b), Effect: effect(a, b), Ratio: ratio(a, b)}
	c.Small = min(len(a), len(b)) < MinRuns
	return c
}

// PValue is Compare's P alone, without the bootstrap of the ratio: for where all pairs of many arms are tested.
func PValue(a, b []float64) float64 {
	if min(len(a), len(b)) < MinRuns {
		return math.NaN()
	}
	return benchmath.AssumeNothing.Compare(sample(a), sample(b)).P
}

// Holm returns the p-values that remain after as many comparisons (Holm 1979): compare them with Alpha.
// A NaN stands for a comparison that was not made, stays NaN and does not count.
func Holm(ps []float64) []float64 {
	var order []int
	for i, p := range ps {
		if !math.IsNaN(p) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case ps[i] < ps[j]:
			return -1
		case ps[i] > ps[j]:
			return 1
		}
		return 0
	})
	adjusted := slices.Clone(ps)
	most := 0.0
	for rank, i := range order {
		most = max(most, min(1, ps[i]*float64(len(order)-rank)))
		adjusted[i] = most
	}
	return adjusted
}

// A Verdict is what may be said of a Comparison.
type Verdict string

// The verdicts.
const (
	TooSmall     Verdict = "too few runs"        // fewer than MinRuns
	More         Verdict = "more"                // A is larger
	Less         Verdict = "less"                // A is smaller
	Equivalent   Verdict = "equivalent"          // the ratio's whole interval lies within the margin
	NoDifference Verdict = "no difference found" // neither: not the same as equivalent
)

// Verdict judges a comparison with its p-value after Holm's correction. margin is the difference that
// does not matter: 0.05 makes ratios between 1/1.05 and 1.05 equivalent, also where they differ for sure.
func (c Comparison) Verdict(adjusted, margin float64) Verdict {
	switch {
	case c.Small:
		return TooSmall
	case margin > 0 && c.Ratio.Lo >= 1/(1+margin) && c.Ratio.Hi <= 1+margin:
		return Equivalent
	case !(adjusted < Alpha):
		return NoDifference
	case c.Effect > 0.5:
		return More
	case c.Effect < 0.5:
		return Less
	}
	return NoDifference
}

func sample(values []float64) *benchmath.Sample {
	t := benchmath.DefaultThresholds
	return benchmath.NewSample(slices.Clone(values), &t)
}

func median(values []float64) float64 { return middle(slices.Clone(values)) }

// middle is the median of values, which it sorts.
func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func effect(a, b []float64) float64 {
	wins := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				wins++
			case x == y:
				wins += 0.5
			}
		}
	}
	return wins / float64(len(a)*len(b))
}

// ratio bootstraps the ratio of two medians: percentile interval of 2,000 resamplings, the same every
// time for the same values.
func ratio(a, b []float64) Summary {
	if len(a) == 0 || len(b) == 0 {
		return Summary{0, math.NaN(), math.NaN(), math.NaN(), true}
	}
	const times = 2000
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(into, from []float64) float64 {
		for i := range into {
			into[i] = from[rng.IntN(len(from))]
		}
		return middle(into)
	}
	ratios, x, y := make([]float64, times), make([]float64, len(a)), make([]float64, len(b))
	for i := range ratios {
		ratios[i] = draw(x, a) / draw(y, b)
	}
	slices.Sort(ratios)
	tail := (1 - Confidence) / 2
	n := min(len(a), len(b))
	return Summary{n, median(a) / median(b), ratios[int(tail*times)], ratios[int((1-tail)*times)-1], n < MinRuns}
}
