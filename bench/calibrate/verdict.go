package calibrate

import (
	"math"

	"transportlab/bench/result"
)

// within judges a reading that may differ from the truth by a tolerance.
func within(c result.Check) result.Check {
	c.Passed = math.Abs(c.Read-c.Truth) <= c.Tolerance
	return c
}

// unchance is the chance that a sound instrument fails a check of counts: small enough for a calibration
// that must pass every time, and still far from what a broken instrument shows.
const unchance = 0.001

// binomial returns the counts that n trials of chance p give except with the chance out: the interval
// from the out/2 quantile to the 1-out/2 quantile.
func binomial(n int, p, out float64) (lo, hi int) {
	below := 0.0 // chance of less than k
	lo = -1
	for k := 0; k <= n; k++ {
		upTo := below + chance(n, k, p)
		if lo < 0 && upTo > out/2 {
			lo = k
		}
		if upTo >= 1-out/2 {
			return lo, k
		}
		below = upTo
	}
	return max(lo, 0), n
}

// chance is that of k among n.
func chance(n, k int, p float64) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return math.Exp(lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// counted judges a count among n trials of chance p by its binomial interval.
func counted(c result.Check, n int, p float64) (result.Check, int, int) {
	lo, hi := binomial(n, p, unchance)
	c.Truth = float64(n) * p
	c.Tolerance = math.Max(c.Truth-float64(lo), float64(hi)-c.Truth)
	c.Passed = c.Read >= float64(lo) && c.Read <= float64(hi)
	return c, lo, hi
}
