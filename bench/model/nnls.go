package model

import "math"

// leastSquares returns the x ≥ 0 that makes |a·x - b| least (Lawson and Hanson 1974, chapter 23). Rows of a are
// observations. Prices cannot be negative, and without that bound two terms that rise together would cancel
// each other at any size. Columns should be of the same order.
func leastSquares(a [][]float64, b []float64) []float64 {
	if len(a) == 0 {
		return nil
	}
	n := len(a[0])
	s := newSquares(a, b)
	x, in := make([]float64, n), make([]bool, n)
	for range 3*n + 10 { // each round adds a term or ends; the bound is against rounding that would go round
		gradient := s.descent(x)
		best, steepest := -1, 1e-10*(1+norm(b))
		for j, g := range gradient {
			if !in[j] && g > steepest {
				best, steepest = j, g
			}
		}
		if best < 0 {
			return x
		}
		in[best] = true
		for {
			z := s.solve(in)
			if z == nil { // the new term says nothing that the others do not
				in[best] = false
				return x
			}
			step, blocked := 1.0, -1
			for j := range z {
				if in[j] && z[j] <= 0 && x[j]-z[j] > 0 {
					if s := x[j] / (x[j] - z[j]); s < step {
						step, blocked = s, j
					}
				}
			}
			for j := range x {
				if in[j] {
					x[j] += step * (z[j] - x[j])
				}
			}
			if blocked < 0 {
				for j := range x {
					x[j] = math.Max(x[j], 0)
				}
				break
			}
			x[blocked], in[blocked] = 0, false
			if blocked == best { // at once again: it has nothing to give
				return x
			}
		}
	}
	return x
}

// squares are the normal equations: aᵀa, and aᵀb.
type squares struct {
	aa [][]float64
	ab []float64
}

func newSquares(a [][]float64, b []float64) squares {
	n := len(a[0])
	s := squares{make([][]float64, n), make([]float64, n)}
	for i := range n {
		s.aa[i] = make([]float64, n)
	}
	for r, row := range a {
		for i, v := range row {
			if v == 0 {
				continue
			}
			s.ab[i] += v * b[r]
			for j, w := range row[:i+1] {
				s.aa[i][j] += v * w
			}
		}
	}
	for i := range n {
		for j := range i {
			s.aa[j][i] = s.aa[i][j]
		}
	}
	return s
}

// descent is the direction in which the error falls: aᵀ(b - a·x).
func (s squares) descent(x []float64) []float64 {
	g := make([]float64, len(x))
	for i := range g {
		g[i] = s.ab[i] - dot(s.aa[i], x)
	}
	return g
}

// solve returns the least squares over the terms that are in, by Cholesky; nil when they depend on each other.
func (s squares) solve(in []bool) []float64 {
	var terms []int
	for j, ok := range in {
		if ok {
			terms = append(terms, j)
		}
	}
	k := len(terms)
	m, y := make([][]float64, k), make([]float64, k)
	for p, i := range terms {
		m[p] = make([]float64, k)
		for q, j := range terms[:p+1] {
			m[p][q] = s.aa[i][j]
		}
		y[p] = s.ab[i]
	}
	for p := range k {
		for q := range p + 1 {
			sum := m[p][q]
			for r := range q {
				sum -= m[p][r] * m[q][r]
			}
			if p != q {
				m[p][q] = sum / m[q][q]
				continue
			}
			if sum <= 1e-12*m[p][p] {
				return nil
			}
			m[p][p] = math.Sqrt(sum)
		}
	}
	for p := range k {
		for r := range p {
			y[p] -= m[p][r] * y[r]
		}
		y[p] /= m[p][p]
	}
	for p := k - 1; p >= 0; p-- {
		for r := p + 1; r < k; r++ {
			y[p] -= m[r][p] * y[r]
		}
		y[p] /= m[p][p]
	}
	x := make([]float64, len(in))
	for p, j := range terms {
		x[j] = y[p]
	}
	return x
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func norm(v []float64) float64 { return math.Sqrt(dot(v, v)) }
