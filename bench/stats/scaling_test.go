package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFitLawAgreesWithRsUslPackage: the data set specsdm91 of R's package usl, whose own tests print the
// terms of its nonlinear fit to two digits: 0.028, 0.0001, 90. Gunther's book has 0.0277 and 0.000104.
func TestFitLawAgreesWithRsUslPackage(t *testing.T) {
	l, err := FitLaw([]float64{1, 18, 36, 72, 108, 144, 216}, []float64{64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(l.Sigma-0.0277) > 0.0001 || math.Abs(l.Kappa-0.000104) > 0.000001 || math.Abs(l.Lambda-90) > 0.1 {
		t.Errorf("fitted %+v, want 90, 0.0277 and 0.000104", l)
	}
	if l.R2 < 0.98 || l.R2 > 1 || math.Abs(l.Peak()-96.5) > 0.5 {
		t.Errorf("R² %v, peak at %v", l.R2, l.Peak())
	}
}

func TestFitLawFindsTheTermsThatDataWereMadeFrom(t *testing.T) {
	clients := []float64{1, 2, 4, 8, 16, 32, 64}
	for _, want := range []Law{{Lambda: 5000, Sigma: 0.05, Kappa: 0.002}, {Lambda: 4, Sigma: 0, Kappa: 0}, {Lambda: 300, Sigma: 0.4}, {Lambda: 1e6, Kappa: 0.01}} {
		var exact, noisy []float64
		rng := rand.New(rand.NewPCG(5, 6))
		for _, n := range clients {
			exact = append(exact, want.At(n))
			noisy = append(noisy, want.At(n)*(1+0.02*rng.NormFloat64()))
		}
		got, err := FitLaw(clients, exact)
		if err != nil || math.Abs(got.Lambda/want.Lambda-1) > 1e-6 || math.Abs(got.Sigma-want.Sigma) > 1e-6 || math.Abs(got.Kappa-want.Kappa) > 1e-7 || got.R2 < 1-1e-9 {
			t.Errorf("fitted %+v, %v, want %+v", got, err, want)
		}
		got, err = FitLaw(clients, noisy)
		if err != nil || got.Sigma < 0 || got.Kappa < 0 || got.R2 < 0.97 {
			t.Errorf("fitted %+v, %v to noisy data of %+v", got, err, want)
		}
		for _, n := range clients {
			if math.Abs(got.At(n)/want.At(n)-1) > 0.06 {
				t.Errorf("with 2 %% of noise, X(%v) is %v, want about %v", n, got.At(n), want.At(n))
			}
		}
	}
}

// Throughput that rises more than in proportion has no terms of its own in the law.
func TestFitLawKeepsItsTermsAtOrAboveZero(t *testing.T) {
	l, err := FitLaw([]float64{1, 2, 3, 4}, []float64{10, 22, 36, 52})
	if err != nil || l.Sigma != 0 || l.Kappa != 0 || math.Abs(l.Lambda-12.3) > 0.5 || !math.IsInf(l.Peak(), 1) {
		t.Errorf("fitted %+v, %v", l, err)
	}
}

func TestFitLawRefusesWhatItCannotFit(t *testing.T) {
	for name, c := range map[string][2][]float64{
		"two numbers":   {{1, 2, 2}, {10, 20, 21}},
		"none":          {{}, {}},
		"no throughput": {{1, 2, 3}, {10, 0, 30}},
		"not a number":  {{1, 2, 3}, {10, math.NaN(), 30}},
		"infinite":      {{1, 2, math.Inf(1)}, {10, 20, 30}},
	} {
		if l, err := FitLaw(c[0], c[1]); err == nil {
			t.Errorf("%s: fitted %+v", name, l)
		}
	}
}
