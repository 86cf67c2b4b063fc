package model

import (
	"fmt"
	"math"
	"slices"
)

// prices are a law with what its terms cost.
type prices struct {
	law   law
	terms []term
	each  []float64 // of the terms
	shape int
}

// A sample is a measured figure and the load under which it was measured.
type sample struct {
	load  load
	value float64
	group string // the configuration: runs that are alike in everything
}

// configuration names what runs have in common that differ in nothing but chance.
func (o Observation) configuration() string {
	return fmt.Sprint(o.Arm.Variant, o.Kind, o.Clients, o.Publishers, o.Topics, o.Size, o.Rate, o.Process, o.Burst)
}

// A design is the samples of a law in the terms of each of its shapes.
type design struct {
	law    law
	terms  [][]term      // by shape
	values [][][]float64 // by shape and sample: the quantities of the terms
	y      []float64     // measured, no less than the law's least
	exact  []float64     // measured
}

func newDesign(law law, transport string, samples []sample) *design {
	d := &design{law: law}
	for i, shape := range law.shapes {
		d.terms = append(d.terms, law.terms(transport, shape))
		d.values = append(d.values, make([][]float64, len(samples)))
		for r, s := range samples {
			row := make([]float64, len(d.terms[i]))
			for j, t := range d.terms[i] {
				row[j] = t.of(s.load)
			}
			d.values[i][r] = row
		}
	}
	for _, s := range samples {
		d.y, d.exact = append(d.y, math.Max(s.value, law.least)), append(d.exact, s.value)
	}
	return d
}

// fit finds the prices and the shape for which the errors of the given samples are least.
func (d *design) fit(rows []int) *prices {
	var best *prices
	least := math.Inf(1)
	for shape := range d.law.shapes {
		each, sum := d.fitShape(shape, rows)
		if best == nil || sum < least {
			least, best = sum, &prices{law: d.law, terms: d.terms[shape], each: each, shape: shape}
		}
	}
	return best
}

// rounds of weighting anew, at most; the weights settle within a few.
const rounds = 12

// fitShape finds the prices for which the sum of absolute errors is least, each the logarithm of predicted over
// measured: a half and a double are equally wrong, and one odd run does not pull everything towards it. That is
// weighted least squares, whose weights follow from the errors before (Schlossmacher 1973).
func (d *design) fitShape(shape int, rows []int) (best []float64, least float64) {
	n := len(d.terms[shape])
	weights, scale := make([]float64, len(rows)), make([]float64, n) // of the terms, so that all columns are of one order
	a, b := make([][]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		weights[i] = 1 / d.y[r]
		a[i] = make([]float64, n)
		for j, v := range d.values[shape][r] {
			scale[j] += v * v * weights[i] * weights[i]
		}
	}
	for j := range scale {
		if scale[j] = math.Sqrt(scale[j]); scale[j] == 0 {
			scale[j] = 1
		}
	}
	least = math.Inf(1)
	for range rounds {
		for i, r := range rows {
			for j, v := range d.values[shape][r] {
				a[i][j] = v * weights[i] / scale[j]
			}
			b[i] = d.exact[r] * weights[i]
		}
		x := leastSquares(a, b)
		for j := range x {
			x[j] /= scale[j]
		}
		sum := 0.0
		for i, r := range rows {
			got := math.Max(dot(d.values[shape][r], x), d.law.least)
			off := math.Abs(math.Log(got / d.y[r]))
			sum += off
			weights[i] = 1 / math.Sqrt(got*d.y[r]*math.Max(off, 0.05))
		}
		settled := sum > least*(1-1e-4)
		if sum < least {
			least, best = sum, x
		}
		if settled {
			break
		}
	}
	return best, least
}

func (p *prices) predict(l load) float64 {
	sum := 0.0
	for j, t := range p.terms {
		sum += p.each[j] * t.of(l)
	}
	return sum
}

// An Error says how far predictions lie from runs that the fit did not see: each configuration is left out once, and
// its runs are predicted from all others.
type Error struct {
	Median         float64 `json:"median"` // share of the measured figure
	P90            float64 `json:"p90"`
	Max            float64 `json:"max"`
	Runs           int     `json:"runs"`
	Configurations int     `json:"configurations"`
}

// leastConfigurations is how many a fit needs.
const leastConfigurations = 4

// fit finds the prices of a law, and its error on samples that it does not see.
func fit(law law, transport string, samples []sample) (*prices, Error) {
	d := newDesign(law, transport, samples)
	var all []int
	var groups []string
	for i, s := range samples {
		all = append(all, i)
		if !slices.Contains(groups, s.group) {
			groups = append(groups, s.group)
		}
	}
	var errors []float64
	for _, group := range groups {
		others := slices.DeleteFunc(slices.Clone(all), func(i int) bool { return samples[i].group == group })
		p := d.fit(others)
		for i, s := range samples {
			if s.group == group {
				got := dot(d.values[p.shape][i], p.each)
				errors = append(errors, math.Abs(got-s.value)/d.y[i])
			}
		}
	}
	slices.Sort(errors)
	n := len(errors)
	return d.fit(all), Error{Median: errors[(n-1)/2], P90: errors[(9*n-1)/10], Max: errors[n-1], Runs: n, Configurations: len(groups)}
}
