package theory

import (
	"cmp"
	"math"
	"slices"
)

// A mixture is a distribution made of uniforms: with the chance weight, a value between lo and hi; exactly lo
// where both are the same. Weights add up to 1.
type mixture []part

type part struct{ weight, lo, hi float64 }

// uniform is spread evenly over [lo, hi].
func uniform(lo, hi float64) mixture { return mixture{{1, lo, hi}} }

// plus adds a constant to every value.
func (m mixture) plus(c float64) mixture {
	m = slices.Clone(m)
	for i := range m {
		m[i].lo += c
		m[i].hi += c
	}
	return m
}

func (m mixture) mean() float64 {
	sum := 0.0
	for _, p := range m {
		sum += p.weight * (p.lo + p.hi) / 2
	}
	return sum
}

func (m mixture) lo() float64 {
	return slices.MinFunc(m, func(a, b part) int { return cmp.Compare(a.lo, b.lo) }).lo
}

func (m mixture) hi() float64 {
	return slices.MaxFunc(m, func(a, b part) int { return cmp.Compare(a.hi, b.hi) }).hi
}

// continuous tells whether no single value has a chance of its own.
func (m mixture) continuous() bool {
	return !slices.ContainsFunc(m, func(p part) bool { return p.weight > 0 && p.lo == p.hi })
}

// cdf is the chance of a value of at most x.
func (m mixture) cdf(x float64) float64 {
	sum := 0.0
	for _, p := range m {
		switch {
		case x >= p.hi:
			sum += p.weight
		case x > p.lo:
			sum += p.weight * (x - p.lo) / (p.hi - p.lo)
		}
	}
	return math.Min(sum, 1)
}
