package load

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestAgeIsTheAreaUnderTheSawtooth(t *testing.T) {
	var a age
	const s = time.Second
	a.heard(0, 1*s)             // aged 1 s when heard
	p1, _ := a.heard(3*s, 4*s)  // grew from 1 to 4 over 3 s
	p2, _ := a.heard(2*s, 5*s)  // old news: from 1 to 2 over 1 s, and not younger afterwards
	p3, ok := a.heard(6*s, 7*s) // from 2 to 4 over 2 s
	if want := 7.5 + 1.5 + 6.0; a.area != want*1e18 || a.length != 6*s {
		t.Errorf("area %v over %s, want %v over 6s", a.area/1e18, a.length, want)
	}
	if p1 != 4*s || p2 != 2*s || p3 != 4*s || !ok {
		t.Errorf("peaks %s, %s, %s", p1, p2, p3)
	}
}

// TestAgeAgreesWithTheClosedForms plays queues in virtual time against the mean ages of Kaul, Yates and
// Gruteser (Real-time status: how often should one update?, INFOCOM 2012, equations 17, 21 and 25) for one
// server that takes μ messages a second, first come, first served, and the mean peak of Costa, Codreanu and
// Ephremides (2014) for M/M/1, which is 1/λ + 1/(μ-λ).
func TestAgeAgreesWithTheClosedForms(t *testing.T) {
	const mu, n = 100.0, 1_000_000
	exponential := func(r *rand.Rand, mean float64) float64 { return r.ExpFloat64() * mean }
	constant := func(_ *rand.Rand, mean float64) float64 { return mean }
	for _, rho := range []float64{0.3, 0.5, 0.8} {
		beta := 0.0 // the root of β = e^(-(1-β)/ρ) below 1
		for range 200 {
			beta = math.Exp(-(1 - beta) / rho)
		}
		for _, c := range []struct {
			name             string
			spacing, service func(*rand.Rand, float64) float64
			mean             float64 // in units of 1/μ
			peak             float64 // as well; 0 is not stated
		}{
			{"M/M/1", exponential, exponential, 1 + 1/rho + rho*rho/(1-rho), 1/rho + 1/(1-rho)},
			{"M/D/1", exponential, constant, 1/(2*(1-rho)) + 0.5 + (1-rho)*math.Exp(rho)/rho, 0},
			{"D/M/1", constant, exponential, 1/(2*rho) + 1/(1-beta), 0},
		} {
			rng := rand.New(rand.NewPCG(1, 2))
			var a age
			var peaks, born, free float64 // seconds
			for range n {
				born += c.spacing(rng, 1/(rho*mu))
				free = max(free, born) + c.service(rng, 1/mu)
				peak, _ := a.heard(seconds(born), seconds(free))
				peaks += peak.Seconds()
			}
			if got, want := a.area/float64(a.length)/1e9*mu, c.mean; math.Abs(got/want-1) > 0.015 {
				t.Errorf("%s at ρ = %v: mean age %.4f/μ, want %.4f/μ", c.name, rho, got, want)
			}
			if got := peaks / (n - 1) * mu; c.peak > 0 && math.Abs(got/c.peak-1) > 0.015 {
				t.Errorf("%s at ρ = %v: mean peak %.4f/μ, want %.4f/μ", c.name, rho, got, c.peak)
			}
		}
	}
}

// TestAgeOfAPollIsThatOfItsAnswer: messages come at random, λ a second, and a client asks every Δ; the
// newest that it is told of has aged 1/λ on average, and until the next answer that grows by Δ/2 (Yates 2015,
// sampling a Poisson process). Polls that find nothing leave it ageing.
func TestAgeOfAPollIsThatOfItsAnswer(t *testing.T) {
	for _, c := range []struct{ lambda, interval float64 }{{40, 0.25}, {4, 0.15}, {1, 1}} {
		rng := rand.New(rand.NewPCG(3, 4))
		var a age
		born := rng.ExpFloat64() / c.lambda
		for k := range 400_000 {
			poll := float64(k) * c.interval
			for born <= poll { // an answer brings all at once
				a.heard(seconds(born), seconds(poll))
				born += rng.ExpFloat64() / c.lambda
			}
		}
		got, want := a.area/float64(a.length)/1e9, 1/c.lambda+c.interval/2
		if math.Abs(got/want-1) > 0.015 {
			t.Errorf("λ = %v/s, Δ = %vs: mean age %.4fs, want %.4fs", c.lambda, c.interval, got, want)
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }
