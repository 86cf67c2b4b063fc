package stats

import (
	"math"
	"slices"
)

// A Trend says whether values that came one after the other rise or fall.
type Trend struct {
	N     int
	S     float64 // pairs that rise less pairs that fall (Mann 1945); 0 is no trend
	Tau   float64 // S as a share of all pairs: -1 falls all the time, 1 rises all the time (Kendall 1938)
	P     float64 // two-sided; NaN when Small
	Slope float64 // change from one value to the next, the median over all pairs (Sen 1968)
	Small bool    // fewer than MinRuns values: nothing follows
}

// MannKendall tests whether values, in the order in which they were measured, have a trend: a machine that
// warms up, a log that grows. It assumes nothing about the distribution (Mann, Econometrica 13, 1945;
// Kendall, Rank Correlation Methods, 1975). P is exact when no two values are equal; with ties it is the
// normal approximation with Kendall's variance for ties and a correction for continuity.
func MannKendall(values []float64) Trend {
	n := len(values)
	t := Trend{N: n, P: math.NaN(), Slope: math.NaN(), Small: n < MinRuns}
	slopes := make([]float64, 0, n*(n-1)/2)
	for i := range values {
		for j := range i {
			t.S += float64(sign(values[i] - values[j]))
			slopes = append(slopes, (values[i]-values[j])/float64(i-j))
		}
	}
	if len(slopes) > 0 {
		t.Tau, t.Slope = t.S/float64(len(slopes)), middle(slopes)
	}
	if t.Small {
		return t
	}
	if sizes := tied(values); len(sizes) > 0 || n > 100 {
		t.P = kendallNormal(n, t.S, sizes)
	} else {
		t.P = kendallExact(n, t.S)
	}
	return t
}

func sign(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// tied returns how many values are equal to each other, for each group of more than one.
func tied(values []float64) (sizes []int) {
	sorted := slices.Sorted(slices.Values(values))
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to] == sorted[from] {
			to++
		}
		if to-from > 1 {
			sizes = append(sizes, to-from)
		}
		from = to
	}
	return sizes
}

// kendallExact is the chance that n values in random order have an S that is at least as far from 0. The
// number of falling pairs of a random order is the sum of independent numbers, uniform on 0…i for i < n.
func kendallExact(n int, s float64) float64 {
	chance := []float64{1} // by number of falling pairs
	for i := 1; i < n; i++ {
		next := make([]float64, len(chance)+i)
		for k, p := range chance {
			for add := range i + 1 {
				next[k+add] += p / float64(i+1)
			}
		}
		chance = next
	}
	falling := int(math.Round((float64(n*(n-1)/2) - math.Abs(s)) / 2))
	tail := 0.0
	for k := range falling + 1 {
		tail += chance[k]
	}
	return min(1, 2*tail)
}

func kendallNormal(n int, s float64, sizes []int) float64 {
	variance := float64(n * (n - 1) * (2*n + 5))
	for _, t := range sizes {
		variance -= float64(t * (t - 1) * (2*t + 5))
	}
	variance /= 18
	if variance <= 0 || s == 0 { // all values are equal
		return 1
	}
	z := (math.Abs(s) - 1) / math.Sqrt(variance)
	return math.Erfc(z / math.Sqrt2)
}
