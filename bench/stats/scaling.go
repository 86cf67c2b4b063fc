package stats

import (
	"fmt"
	"math"
)

// A Law is Gunther's universal scalability law, fitted: X(N) = Lambda·N / (1 + Sigma·(N-1) + Kappa·N·(N-1)).
type Law struct {
	Lambda float64 // throughput of one
	Sigma  float64 // contention: the share of the work that does not run in parallel
	Kappa  float64 // coherency: the price of agreeing with each other
	R2     float64 // share of the variance of the throughputs that the law explains
}

// At is the throughput of n.
func (l Law) At(n float64) float64 {
	return l.Lambda * n / (1 + l.Sigma*(n-1) + l.Kappa*n*(n-1))
}

// Peak is where throughput is greatest: +Inf when it rises for ever.
func (l Law) Peak() float64 {
	switch {
	case l.Kappa > 0:
		return math.Sqrt(max(1-l.Sigma, 0) / l.Kappa)
	case l.Sigma > 1:
		return 1
	}
	return math.Inf(1)
}

// FitLaw fits the law to throughputs measured at numbers of clients, each positive, by least squares of the
// throughputs with no term below 0 (Gunther, Guerrilla Capacity Planning, 2007, chapter 5; the constraints are
// those under which the terms mean what they are called). It needs three different numbers of clients.
func FitLaw(clients, throughputs []float64) (Law, error) {
	different := map[float64]bool{}
	for i, n := range clients {
		if x := throughputs[i]; !(n > 0 && x > 0) || math.IsInf(n, 1) || math.IsInf(x, 1) {
			return Law{}, fmt.Errorf("a throughput of %v at %v clients: both must be positive", x, n)
		}
		different[n] = true
	}
	if len(different) < 3 {
		return Law{}, fmt.Errorf("%d different numbers of clients: three terms need at least 3", len(different))
	}
	best, least := Law{}, math.Inf(1)
	// With terms at their bound of 0 the others are free: the best of these fits is the constrained one.
	for _, free := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
		l := descend(start(clients, throughputs, free), clients, throughputs, free)
		if sum := residuals(l, clients, throughputs); sum < least {
			best, least = l, sum
		}
	}
	best.R2 = 1 - least/spread(throughputs)
	return best, nil
}

func residuals(l Law, clients, throughputs []float64) (sum float64) {
	for i, n := range clients {
		d := throughputs[i] - l.At(n)
		sum += d * d
	}
	return sum
}

// spread is the sum of squares about the mean.
func spread(values []float64) (sum float64) {
	mean := 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return sum
}

// start solves the law's linear form N/X = (1 + Sigma·(N-1) + Kappa·N·(N-1)) / Lambda for the free terms,
// by least squares of relative errors.
func start(clients, throughputs []float64, free [2]bool) Law {
	var a [3][4]float64
	for i, n := range clients {
		weight := throughputs[i] / n
		row := [4]float64{weight, 0, 0, 1}
		if free[0] {
			row[1] = weight * (n - 1)
		}
		if free[1] {
			row[2] = weight * n * (n - 1)
		}
		for j := range a {
			for k := range a[j] {
				a[j][k] += row[j] * row[k]
			}
		}
	}
	v := solve(a)
	if !(v[0] > 0) { // far from the law; any start will do
		v = [3]float64{clients[0] / throughputs[0], 0, 0}
	}
	return Law{Lambda: 1 / v[0], Sigma: max(v[1]/v[0], 0), Kappa: max(v[2]/v[0], 0)}
}

// descend improves a fit by Levenberg's and Marquardt's method, in the free terms.
func descend(l Law, clients, throughputs []float64, free [2]bool) Law {
	damping, sum := 1e-3, residuals(l, clients, throughputs)
	for range 200 {
		var a [3][4]float64
		for i, n := range clients {
			under := 1 + l.Sigma*(n-1) + l.Kappa*n*(n-1)
			x := l.Lambda * n / under
			row := [4]float64{x / l.Lambda, 0, 0, throughputs[i] - x}
			if free[0] {
				row[1] = -x * (n - 1) / under
			}
			if free[1] {
				row[2] = -x * n * (n - 1) / under
			}
			for j := range a {
				for k := range a[j] {
					a[j][k] += row[j] * row[k]
				}
			}
		}
		for j := range a {
			a[j][j] *= 1 + damping
		}
		step := solve(a)
		next := Law{Lambda: l.Lambda + step[0], Sigma: max(l.Sigma+step[1], 0), Kappa: max(l.Kappa+step[2], 0)}
		better := residuals(next, clients, throughputs)
		switch {
		case !(next.Lambda > 0) || !(better <= sum):
			damping *= 8
		case sum-better <= 1e-14*sum:
			return next
		default:
			l, sum, damping = next, better, damping/4
		}
	}
	return l
}

// solve solves three equations, leaving those without coefficients at 0.
func solve(a [3][4]float64) (v [3]float64) {
	for i := range a {
		if a[i][i] == 0 {
			continue
		}
		for j := range a {
			if j == i || a[j][i] == 0 {
				continue
			}
			f := a[j][i] / a[i][i]
			for k := range a[j] {
				a[j][k] -= f * a[i][k]
			}
		}
	}
	for i := range a {
		if a[i][i] != 0 {
			v[i] = a[i][3] / a[i][i]
		}
	}
	return v
}
