package calibrate

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"transportlab/bench/node"
	"transportlab/bench/result"
)

// The steps of this file are carried out as in a calibration, because what they read does not depend on how
// busy the machine is.

func TestFaultsAreCountedByAWholeRun(t *testing.T) {
	r, err := readFaults(t.Context(), Config{Quick: true, Seed: 1})
	if err != nil || !r.passed() || len(r.checks) != 3 || r.checks[0].Truth != 5 {
		t.Errorf("%+v, %v", r.checks, err)
	}
}

func TestADropperIsCaughtByAWholeRun(t *testing.T) {
	r, err := readDropper(t.Context(), Config{Quick: true, Seed: 1})
	if err != nil || !r.passed() || r.checks[0].Truth != 3 {
		t.Errorf("%+v, %v", r.checks, err)
	}
}

func TestVegetaIsAskedAndItsAnswerStandsAside(t *testing.T) {
	path, err := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../tools.mod", "-n", "vegeta").Output()
	if err != nil {
		t.Fatalf("vegeta cannot be built: %v", err)
	}
	s := stallTest{rate: 100, length: 500 * time.Millisecond, connections: 4,
		stall: node.Stall{Service: 5 * ms, Period: 500 * ms, From: 200*ms - edge, Length: 100 * ms}}
	checks := s.askVegeta(t.Context(), strings.TrimSpace(string(path)))
	if len(checks) != 2 || checks[0].Read < 5 || checks[1].Read < checks[0].Read || checks[0].Truth != 84 {
		t.Errorf("vegeta answered %+v", checks)
	}
	for _, c := range checks {
		if !c.Aside {
			t.Errorf("%+v is not aside", c)
		}
	}
	missing := s.askVegeta(t.Context(), "./no-such-vegeta")
	if len(missing) != 1 || missing[0].Passed || !missing[0].Aside || len((Result{Checks: []result.Check{missing[0]}}).Failed()) != 0 {
		t.Errorf("without vegeta: %+v", missing)
	}
}
