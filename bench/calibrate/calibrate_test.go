package calibrate

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/node"
	"transportlab/bench/result"
)

func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	goleak.VerifyTestMain(m)
}

// scripted is a step whose readings are given.
func scripted(readings ...reading) (step, *int) {
	n := new(int)
	return step{name: "scripted", takes: time.Second, read: func(context.Context, Config) (reading, error) {
		*n++
		return readings[*n-1], nil
	}}, n
}

// patience is calm where there is nothing to wait for.
func patience(context.Context) {}

func check(passed bool) []result.Check { return []result.Check{{Name: "a", Passed: passed}} }

func TestAWrongReadingIsTakenAgainOnlyWhenTheMachineWasDisturbed(t *testing.T) {
	const noise = "timers were late"
	for _, c := range []struct {
		what     string
		readings []reading
		times    int
		passes   bool
		note     string
	}{
		{"right", []reading{{checks: check(true)}}, 1, true, ""},
		{"right in spite of a disturbance", []reading{{checks: check(true), disturbed: noise}}, 1, true, ""},
		{"wrong", []reading{{checks: check(false)}}, 1, false, ""},
		{"wrong, disturbed, then right", []reading{{checks: check(false), disturbed: noise}, {checks: check(true)}}, 2, true,
			"read 2 times, since the machine was disturbed (timers were late)"},
		{"wrong, disturbed, then wrong", []reading{{checks: check(false), disturbed: noise}, {checks: check(false)}}, 2, false,
			"read 2 times, since the machine was disturbed (timers were late)"},
		{"wrong and disturbed every time", []reading{{checks: check(false), disturbed: noise}, {checks: check(false), disturbed: noise}, {checks: check(false), disturbed: noise}}, 3, false,
			"read 3 times, since the machine was disturbed (timers were late; timers were late); the machine was disturbed: timers were late"},
	} {
		s, n := scripted(c.readings...)
		r, err := run(t.Context(), Config{}, []step{s}, patience)
		if err != nil || *n != c.times || (len(r.Failed()) == 0) != c.passes || r.Checks[0].Note != c.note {
			t.Errorf("%s: read %d times, checks %+v, %v", c.what, *n, r.Checks, err)
		}
	}
}

func TestAStepThatCannotBeCarriedOutFails(t *testing.T) {
	s := step{name: "broken", read: func(context.Context, Config) (reading, error) { return reading{}, errors.New("no such thing") }}
	r, err := run(t.Context(), Config{}, []step{s}, patience)
	if err != nil || len(r.Failed()) != 1 || !strings.Contains(r.Checks[0].Note, "no such thing") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestACancelledCalibrationSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := step{read: func(context.Context, Config) (reading, error) { cancel(); return reading{}, errors.New("torn down") }}
	if _, err := run(ctx, Config{}, []step{s, s}, patience); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAnotherToolsAnswerFailsNothing(t *testing.T) {
	r := Result{Checks: []result.Check{{Name: "ours", Passed: true}, {Name: "theirs", Aside: true}}}
	if failed := r.Failed(); len(failed) != 0 {
		t.Errorf("failed: %+v", failed)
	}
}

func TestProgressNamesEveryStepAndWhatAQuickOneLeavesOut(t *testing.T) {
	var told []Event
	a, _ := scripted(reading{checks: check(false), disturbed: "noise"}, reading{checks: check(true)})
	b, _ := scripted(reading{capacity: &result.Capacity{Rate: 7}}) // without checks
	a.less = "half of it"
	r, err := run(t.Context(), Config{Observe: func(e Event) { told = append(told, e) }}, []step{a, b}, patience)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 5 || told[1].Again != 1 || told[2].Finished == nil || told[0].Left != 2*time.Second || told[2].Left != time.Second || told[4].Left != 0 || told[4].Finished == nil || told[3].Number != 2 {
		t.Errorf("told %+v", told)
	}
	if !strings.HasPrefix(r.Checks[0].Note, "shortened: half of it; read 2 times") || r.Capacity == nil || r.Capacity.Rate != 7 || len(r.Shortened) != 1 || r.Shortened[0] != "scripted: half of it" {
		t.Errorf("%+v", r)
	}
}

func TestQuickStepsAreTheFullOnesAndShorter(t *testing.T) {
	var full, quick time.Duration
	long, short := steps(Config{}), steps(Config{Quick: true})
	for i := range long {
		full, quick = full+long[i].takes, quick+short[i].takes
		if long[i].less != "" || short[i].name != long[i].name {
			t.Errorf("steps %+v and %+v", long[i], short[i])
		}
	}
	if 4*quick > full {
		t.Errorf("quick takes %s of %s", quick, full)
	}
}
