package model

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Least squares must find the coefficients that made the data, leave out what would be negative, and fulfil the
// conditions of Karush, Kuhn and Tucker on anything.
func TestLeastSquaresFindWhatMadeTheData(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	want := []float64{2, 0, 0.5, 3}
	var a [][]float64
	var b []float64
	for range 50 {
		row := []float64{rng.Float64(), rng.Float64(), rng.Float64(), 1}
		a, b = append(a, row), append(b, dot(row, want))
	}
	for j, x := range leastSquares(a, b) {
		if math.Abs(x-want[j]) > 1e-9 {
			t.Errorf("coefficient %d is %v, want %v", j, x, want[j])
		}
	}
	for i, row := range a { // now falls with the first term
		b[i] = 5 - 2*row[0]
	}
	if x := leastSquares(a, b); x[0] != 0 || x[3] < 3 {
		t.Errorf("%v, want no price for what makes it cheaper", x)
	}
}

func TestLeastSquaresAreLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n, rows := 1+rng.IntN(6), 1+rng.IntN(20)
		var a [][]float64
		var b []float64
		for range rows {
			row := make([]float64, n)
			for j := range row {
				row[j] = rng.Float64()
			}
			if n > 1 && rng.IntN(3) == 0 {
				row[1] = row[0] // terms that depend on each other
			}
			a, b = append(a, row), append(b, rng.NormFloat64())
		}
		x := leastSquares(a, b)
		for j, g := range newSquares(a, b).descent(x) {
			if x[j] < 0 || math.IsNaN(x[j]) {
				t.Fatalf("coefficient %d is %v", j, x[j])
			}
			if g > 1e-6 || x[j] > 1e-9 && g < -1e-6 {
				t.Fatalf("%d rows, %d terms: the error falls by %v along term %d at %v", rows, n, g, j, x)
			}
		}
	}
	if x := leastSquares(nil, nil); x != nil {
		t.Errorf("nothing: %v", x)
	}
}
