package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// arrange returns the numbers 1 to n in an order with falling falling pairs: S = n(n-1)/2 - 2·falling.
func arrange(n, falling int) []float64 {
	left := make([]float64, n)
	for i := range left {
		left[i] = float64(i + 1)
	}
	var values []float64
	for len(left) > 0 { // whoever comes first falls to all smaller ones behind it
		i := min(falling, len(left)-1)
		falling -= i
		values = append(values, left[i])
		left = append(left[:i:i], left[i+1:]...)
	}
	return values
}

// TestMannKendallAgreesWithThePublishedTable compares with the one-sided probabilities of table A18 in
// Gilbert, Statistical Methods for Environmental Pollution Monitoring, 1987 (from Kendall's book).
func TestMannKendallAgreesWithThePublishedTable(t *testing.T) {
	for _, c := range []struct {
		n    int
		s, p float64
	}{
		{6, 5, 0.235}, {6, 9, 0.068}, {6, 11, 0.028}, {6, 13, 0.0083}, {6, 15, 0.0014},
		{8, 10, 0.138}, {8, 14, 0.054}, {8, 16, 0.031}, {8, 20, 0.0071}, {8, 28, 0.000025},
		{10, 11, 0.190}, {10, 17, 0.078}, {10, 21, 0.036}, {10, 23, 0.023}, {10, 29, 0.0046}, {10, 35, 0.00047},
	} {
		values := arrange(c.n, (c.n*(c.n-1)/2-int(c.s))/2)
		got := MannKendall(values)
		if got.S != c.s || math.Abs(got.P/2/c.p-1) > 0.03 || got.Tau != c.s/float64(c.n*(c.n-1)/2) {
			t.Errorf("n = %d, S = %v: %+v, want one-sided p = %v", c.n, c.s, got, c.p)
		}
		for i := range values {
			values[i] = -values[i]
		}
		if back := MannKendall(values); back.S != -c.s || back.P != got.P {
			t.Errorf("n = %d: downwards %+v, upwards %+v", c.n, back, got)
		}
	}
}

func TestMannKendallWithTies(t *testing.T) {
	// Three pairs and a triple are equal: the variance is (2250 - 3·18 - 66)/18.
	got := MannKendall([]float64{2, 1, 1, 3, 4, 4, 4, 2, 5, 3})
	if z := (got.S - 1) / math.Sqrt((2250-3*18-66)/18.0); math.Abs(got.P-math.Erfc(z/math.Sqrt2)) > 1e-12 || got.S != 19 {
		t.Errorf("%+v, want S = 19 and z = %v", got, z)
	}
	if same := MannKendall([]float64{7, 7, 7, 7, 7, 7}); same.P != 1 || same.S != 0 || same.Slope != 0 {
		t.Errorf("equal values: %+v", same)
	}
	if few := MannKendall([]float64{1, 2, 3, 4, 5}); !few.Small || !math.IsNaN(few.P) || few.Slope != 1 {
		t.Errorf("five values: %+v", few)
	}
	if none := MannKendall(nil); !none.Small || !math.IsNaN(none.Slope) {
		t.Errorf("no values: %+v", none)
	}
}

// TestIndependenceIsExactForFewValues compares with Bartels' (1982) table of the exact distribution, of which
// an enumeration of all orders gives the same: of n = 8, squared steps up to 39 have a chance of 0.0481.
func TestIndependenceIsExactForFewValues(t *testing.T) {
	for _, c := range []struct {
		values []float64
		steps  float64
		p      float64 // one-sided
	}{
		{[]float64{1, 2, 3, 4, 5, 6}, 5, 2.0 / 720},
		{[]float64{1, 2, 3, 4, 5, 7, 8, 6}, 13, math.NaN()},
		{[]float64{1, 3, 5, 7, 8, 6, 4, 2}, 25, math.NaN()},
	} {
		got := Independence(c.values)
		if n := float64(len(c.values)); math.Abs(got.Ratio-c.steps/(n*(n*n-1)/12)) > 1e-12 {
			t.Errorf("%v: ratio %v", c.values, got.Ratio)
		}
		if !math.IsNaN(c.p) && math.Abs(got.P-2*c.p) > 1e-12 {
			t.Errorf("%v: p = %v, want %v", c.values, got.P, 2*c.p)
		}
	}
	exact := map[int]map[float64]float64{ // Bartels, table 1: squared steps and the chance of no more
		6: {8: 0.0083, 14: 0.0472}, 7: {18: 0.0151, 24: 0.0444}, 8: {26: 0.0095, 32: 0.0221, 39: 0.0481},
	}
	for n, rows := range exact {
		orders, below := 0.0, map[float64]float64{}
		ranks := make([]float64, n)
		for i := range ranks {
			ranks[i] = float64(i)
		}
		permute(ranks, 0, func(v []float64) {
			orders++
			for s := range rows {
				if steps(v) <= s {
					below[s]++
				}
			}
		})
		for s, want := range rows {
			if got := below[s] / orders; math.Abs(got-want) > 0.00005 {
				t.Errorf("n = %d: squared steps up to %v have a chance of %v, want %v", n, s, got, want)
			}
		}
	}
}

// TestIndependenceOfTenValues: of n = 10, Bartels' 2.5 % point is 72, with an exact chance of 0.0242.
func TestIndependenceOfTenValues(t *testing.T) {
	values := []float64{2, 4, 1, 3, 6, 5, 8, 10, 9, 7} // 4+9+4+9+1+9+4+1+4 = 45
	got := Independence(values)
	if math.Abs(got.Ratio-45/82.5) > 1e-12 || got.P > 0.01 || got.P <= 0 {
		t.Errorf("%+v", got)
	}
	values = []float64{1, 3, 2, 5, 9, 8, 10, 6, 4, 7} // 4+1+9+16+1+4+16+4+9 = 64; 72 has 0.0242, 59 has 0.00998
	if got := Independence(values); math.Abs(got.Ratio-64/82.5) > 1e-12 || got.P < 0.02 || got.P > 0.048 {
		t.Errorf("%+v", got)
	}
}

func TestIndependenceSeesNeighboursAndAlternation(t *testing.T) {
	waves := []float64{1, 2, 3, 4, 5, 6, 6.5, 5.5, 4.5, 3.5, 2.5, 1.5}
	if o := Independence(waves); o.P > 0.01 || o.Ratio > 1 || o.Lag1 < 0.5 {
		t.Errorf("a wave: %+v", o)
	}
	alternating := []float64{5, 6, 4, 7, 3, 8, 2, 9, 1, 10}
	if o := Independence(alternating); o.P > 0.01 || o.Ratio < 3 || o.Lag1 > -0.5 {
		t.Errorf("an alternation: %+v", o)
	}
	if o := Independence([]float64{3, 3, 3, 3, 3, 3, 3}); !math.IsNaN(o.P) || !math.IsNaN(o.Ratio) || !math.IsNaN(o.Lag1) {
		t.Errorf("equal values: %+v", o)
	}
	if o := Independence([]float64{1, 2, 3}); !o.Small || !math.IsNaN(o.P) || o.Ratio != 1 {
		t.Errorf("three values: %+v", o)
	}
}

// TestSignedRankAgreesWithThePublishedTable: two-sided probabilities of the smaller rank sum (Hollander and
// Wolfe, Nonparametric Statistical Methods, table A.4, doubled).
func TestSignedRankAgreesWithThePublishedTable(t *testing.T) {
	for _, c := range []struct {
		n    int
		fall []int // ranks of the differences below 0
		p    float64
	}{
		{6, nil, 2.0 / 64}, {7, []int{2}, 6.0 / 128}, {8, []int{3}, 0.0390625}, {9, []int{5}, 0.0390625}, {10, []int{8}, 0.048828125}, {12, []int{6, 7}, 0.04248},
	} {
		d := make([]float64, c.n)
		for i := range d {
			d[i] = float64(i + 1)
		}
		for _, r := range c.fall {
			d[r-1] = -d[r-1]
		}
		if got := SignedRank(d); math.Abs(got-c.p) > 0.00005 {
			t.Errorf("n = %d, falling ranks %v: p = %v, want %v", c.n, c.fall, got, c.p)
		}
	}
	// With ties every sign is still as likely: 1 and 1 share rank 1.5, so of 64 outcomes 2·2 are as extreme.
	if got := SignedRank([]float64{-1, 1, 2, 3, 4, 5}); math.Abs(got-6.0/64) > 1e-12 {
		t.Errorf("with ties p = %v, want %v", got, 6.0/64)
	}
	if got := SignedRank([]float64{0, 0, 0, 0, 0, 0}); got != 1 {
		t.Errorf("without any change p = %v, want 1", got)
	}
	if got := SignedRank([]float64{1, 2, 3, 4, 5}); !math.IsNaN(got) {
		t.Errorf("five values: p = %v", got)
	}
}

// TestOrderTestsKeepTheirLevel: of 200 random series of ten values, about 5 % are called out by each test,
// 99.9 % of the time at most 11 %.
func TestOrderTestsKeepTheirLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	var trends, orders, changes int
	for range 200 {
		v := make([]float64, 10)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		if MannKendall(v).P < Alpha {
			trends++
		}
		if Independence(v).P < Alpha {
			orders++
		}
		if SignedRank(v) < Alpha {
			changes++
		}
	}
	for name, n := range map[string]int{"trend": trends, "order": orders, "change": changes} {
		if n < 1 || n > 22 {
			t.Errorf("%s: %d of 200 random series are called out", name, n)
		}
	}
}
