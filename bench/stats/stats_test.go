package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSummarizeTakesTheMedianAndItsInterval(t *testing.T) {
	s := Summarize([]float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5})
	// The 2nd and the 9th of ten values bound the median with 97.9 %.
	if s.Median != 5.5 || s.Lo != 2 || s.Hi != 9 || s.N != 10 || s.Small {
		t.Errorf("summary %+v", s)
	}
	if s := Summarize([]float64{3, 1, 2, 5, 4, 6}); s.Small || s.Lo != 1 || s.Hi != 6 {
		t.Errorf("six values are enough: %+v", s)
	}
	if s := Summarize([]float64{3, 1, 2, 5, 4}); !s.Small || s.Median != 3 || s.Lo != 1 || s.Hi != 5 {
		t.Errorf("five values are too few: %+v", s)
	}
	if s := Summarize(nil); !s.Small || !math.IsNaN(s.Median) {
		t.Errorf("no values: %+v", s)
	}
}

func TestHolmAgreesWithThePublishedExample(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, math.NaN(), 0.03, 0.005})
	want := []float64{0.03, 0.06, math.NaN(), 0.06, 0.02}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 || math.IsNaN(got[i]) != math.IsNaN(want[i]) {
			t.Fatalf("Holm gives %v, want %v", got, want)
		}
	}
	if p := Holm([]float64{0.9, 0.8})[0]; p != 1 {
		t.Errorf("an adjusted p-value is %v, want at most 1", p)
	}
}

func TestCompareFindsDirectionAndSize(t *testing.T) {
	a := []float64{20, 21, 22, 20.5, 21.5, 19.5, 20.2, 21.1}
	b := []float64{10, 10.5, 11, 10.2, 10.7, 9.9, 10.4, 10.6}
	c := Compare(a, b)
	if c.P > 0.001 || c.Effect != 1 || c.Ratio.Median < 1.9 || c.Ratio.Median > 2.1 || c.Ratio.Lo > c.Ratio.Median || c.Ratio.Hi < c.Ratio.Median {
		t.Errorf("comparison %+v", c)
	}
	if v := c.Verdict(c.P, 0.05); v != More {
		t.Errorf("verdict %q, want %q", v, More)
	}
	if v := Compare(b, a).Verdict(c.P, 0.05); v != Less {
		t.Errorf("verdict %q, want %q", v, Less)
	}
	if v := c.Verdict(0.2, 0.05); v != NoDifference {
		t.Errorf("verdict %q of a p-value that did not survive the correction", v)
	}
	if again := Compare(a, b); again != c {
		t.Errorf("the same values give %+v and %+v", c, again)
	}
}

func TestVerdictKeepsAbsenceOfProofApartFromEquivalence(t *testing.T) {
	same := []float64{100, 101, 99, 100.5, 99.5, 100.2, 99.8, 100.1}
	if c := Compare(same, same); c.Verdict(c.P, 0.05) != Equivalent {
		t.Errorf("equal narrow samples: %q", c.Verdict(c.P, 0.05))
	}
	wide := []float64{50, 200, 70, 150, 90, 120, 100, 300}
	if c := Compare(wide, wide); c.Verdict(c.P, 0.05) != NoDifference {
		t.Errorf("equal wide samples: %q", c.Verdict(c.P, 0.05))
	}
	if c := Compare(same[:5], wide); c.Verdict(c.P, 0.05) != TooSmall || !math.IsNaN(c.P) {
		t.Errorf("five runs: %q, p = %v", c.Verdict(c.P, 0.05), c.P)
	}
}

// TestEqualArmsAreRarelyToldApart is the A/A test of the statistics alone: among 1,000 comparisons of
// equal arms with 10 runs each, about 5 % come out "different", 99.9 % of the time between 2.9 and 7.6 %.
func TestEqualArmsAreRarelyToldApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	draw := func() []float64 {
		v := make([]float64, 10)
		for i := range v {
			v[i] = math.Exp(rng.NormFloat64())
		}
		return v
	}
	wrong := 0
	for range 1000 {
		c := Compare(draw(), draw())
		if c.P < Alpha {
			wrong++
		}
	}
	if wrong < 29 || wrong > 76 {
		t.Errorf("%d of 1000 equal pairs are told apart, want about 50", wrong)
	}
}

func TestValuesAreLeftAsTheyAre(t *testing.T) {
	v := []float64{3, 1, 2, 6, 5, 4}
	Summarize(v)
	Compare(v, v)
	if !slices.Equal(v, []float64{3, 1, 2, 6, 5, 4}) {
		t.Errorf("values were reordered to %v", v)
	}
}

// TestEffectsOfSmallSamplesAreExact: of nine pairs of 1, 2, 3 and 2, 2, 4, A is larger in two and equal in two, so
// Vargha and Delaney's measure is (2 + 2/2) / 9; and of the 924 ways of dealing twelve different values to two
// arms of six, two are as extreme as all of one below all of the other.
func TestEffectsOfSmallSamplesAreExact(t *testing.T) {
	if got := Compare([]float64{1, 2, 3}, []float64{2, 2, 4}).Effect; math.Abs(got-3.0/9) > 1e-12 {
		t.Errorf("effect %v, want 3/9", got)
	}
	c := Compare([]float64{1, 2, 3, 4, 5, 6}, []float64{7, 8, 9, 10, 11, 12})
	if c.Effect != 0 || math.Abs(c.P-2.0/924) > 1e-12 {
		t.Errorf("effect %v, p = %v, want 0 and 2/924", c.Effect, c.P)
	}
}

// TestRatiosCoverTheTruth: the bootstrap interval of the ratio of two medians, of which equivalence is said,
// covers the true ratio as often as it claims, with as few runs as verdicts need too.
func TestRatiosCoverTheTruth(t *testing.T) {
	for _, n := range []int{MinRuns, 10} {
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		const tries = 300
		covered := 0
		for range tries {
			a, b := make([]float64, n), make([]float64, n)
			for i := range n {
				a[i], b[i] = 2*math.Exp(0.1*rng.NormFloat64()), math.Exp(0.1*rng.NormFloat64())
			}
			if r := ratio(a, b); r.Lo <= 2 && r.Hi >= 2 {
				covered++
			}
		}
		if share := float64(covered) / tries; share < 0.91 {
			t.Errorf("n = %d: %.0f %% of intervals cover the ratio", n, 100*share)
		}
	}
}
