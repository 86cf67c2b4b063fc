package bench

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

func searcher(t *testing.T) *saturator {
	t.Helper()
	s, err := Saturation{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return &saturator{Saturation: s, doc: &result.Document{}, began: time.Now()}
}

func TestSearchEnclosesTheKnee(t *testing.T) {
	for _, knee := range []float64{170, 799, 800, 5000, 123_456} {
		x, k := searcher(t), result.Knee{}
		tried := map[float64]int{}
		x.search(t.Context(), &k, func(rate float64) (result.Step, string) {
			tried[rate]++
			if rate > knee {
				return result.Step{Load: rate}, boundP99
			}
			return result.Step{Load: rate, Held: true}, ""
		})
		if k.Lo > knee || k.Hi <= knee || k.Hi > k.Lo*x.Ratio || k.Rate != (k.Lo+k.Hi)/2 || k.Bound != boundP99 {
			t.Errorf("a knee at %v: found %v to %v, %v by %q", knee, k.Lo, k.Hi, k.Rate, k.Bound)
		}
		for rate, n := range tried {
			if want := map[bool]int{true: 2, false: 1}[rate > knee]; n != want {
				t.Errorf("a knee at %v: %v was tried %d times, want %d", knee, rate, n, want)
			}
		}
		if len(k.Steps) > 40 {
			t.Errorf("a knee at %v: %d tries", knee, len(k.Steps))
		}
	}
}

// A load that held once holds: what fails then was disturbed.
func TestSearchForgivesOneFailure(t *testing.T) {
	x, k := searcher(t), result.Knee{}
	n := map[float64]int{}
	x.search(t.Context(), &k, func(rate float64) (result.Step, string) {
		if n[rate]++; rate > 5000 || n[rate] == 1 {
			return result.Step{Load: rate}, boundLate
		}
		return result.Step{Load: rate, Held: true}, ""
	})
	if k.Lo < 4500 || k.Lo > 5000 || k.Hi <= 5000 || k.Hi > 5500 {
		t.Errorf("found %v to %v", k.Lo, k.Hi)
	}
}

func TestSearchEndsWhereNothingHoldsOrNothingFails(t *testing.T) {
	x, k := searcher(t), result.Knee{}
	x.search(t.Context(), &k, func(rate float64) (result.Step, string) { return result.Step{Load: rate}, boundP99 })
	if k.Lo != 0 || k.Rate != 0 || k.Hi != x.least() || k.Bound != boundP99 {
		t.Errorf("nothing holds: %+v", k)
	}
	k = result.Knee{}
	x.search(t.Context(), &k, func(rate float64) (result.Step, string) { return result.Step{Load: rate, Held: true}, "" })
	if k.Lo != x.MaxRate || k.Rate != x.MaxRate || k.Hi != 0 || k.Bound != boundStopped {
		t.Errorf("everything holds: %v to %v by %q", k.Lo, k.Hi, k.Bound)
	}
}

func TestSearchHasNoUpperEndWhereTheDriverCameFirst(t *testing.T) {
	for _, bound := range []string{boundDriver, boundDisturbed} {
		x, k := searcher(t), result.Knee{}
		tries := map[float64]int{}
		x.search(t.Context(), &k, func(rate float64) (result.Step, string) {
			if tries[rate]++; rate > 3000 {
				return result.Step{Load: rate}, bound
			}
			return result.Step{Load: rate, Held: true}, ""
		})
		least := map[string]float64{boundDriver: 2700, boundDisturbed: 1600}[bound]
		if k.Bound != boundDriver || k.Hi != 0 || k.Rate != k.Lo || k.Lo > 3000 || k.Lo < least {
			t.Errorf("%s: %v to %v, %v by %q", bound, k.Lo, k.Hi, k.Rate, k.Bound)
		}
		if want := map[string]int{boundDriver: 2, boundDisturbed: mostDisturbed}[bound]; tries[3200] != want {
			t.Errorf("%s: 3,200 was tried %d times, want %d", bound, tries[3200], want)
		}
	}
}

func TestSearchKeepsWhatItHasWhenItIsBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	x, k := searcher(t), result.Knee{}
	x.search(ctx, &k, func(rate float64) (result.Step, string) {
		if rate > 2000 {
			cancel()
		}
		return result.Step{Load: rate, Held: true}, ""
	})
	if k.Bound != boundStopped || k.Lo != 1600 || k.Hi != 0 || len(k.Steps) != 2 {
		t.Errorf("%+v", k)
	}
	x.began = time.Now().Add(-time.Hour)
	k = result.Knee{}
	x.search(t.Context(), &k, func(float64) (result.Step, string) { t.Error("a try began too late"); return result.Step{}, "" })
	if k.Bound != boundStopped || len(k.Steps) != 0 {
		t.Errorf("%+v", k)
	}
}

func TestJudgeSaysWhyALoadDidNotHold(t *testing.T) {
	x := searcher(t)
	flat := []result.Moment{{At: 0, Count: 10, P50: 1e6}, {At: 1, Count: 10, P50: 1e6}}
	for name, c := range map[string]struct {
		run  result.Run
		p99  time.Duration
		late float64
		want string
	}{
		"held":       {result.Run{Timeline: flat}, 10 * time.Millisecond, 0.009, ""},
		"an error":   {result.Run{Error: "cut off"}, 0, 0, boundLost},
		"lost":       {result.Run{Accounting: result.Accounting{Lost: 1}}, 0, 0, boundLost},
		"a gap":      {result.Run{Accounting: result.Accounting{Gaps: 1, GapSize: 3}}, 0, 0, boundLost},
		"not there":  {result.Run{Accounting: result.Accounting{Expected: 5, Delivered: 4}}, 0, 0, boundLost},
		"slow":       {result.Run{Timeline: flat}, 301 * time.Millisecond, 0, boundP99},
		"late":       {result.Run{Timeline: flat}, time.Millisecond, 0.02, boundLate},
		"piling up":  {result.Run{Timeline: []result.Moment{{At: 0, Count: 10, P50: 1e6}, {At: 1, Count: 10, P50: 80e6}}}, 90 * time.Millisecond, 0, boundBacklog},
		"the driver": {result.Run{Elapsed: time.Millisecond, Driver: result.Process{CPU: time.Hour}}, time.Second, 0, boundDriver},
		"a neighbour": {result.Run{Elapsed: time.Second, Noise: result.Noise{Timer: result.Histogram{P99: 5 * time.Millisecond}}},
			time.Second, 0, boundDisturbed},
		"ourselves": {result.Run{Elapsed: time.Millisecond, Server: &result.Process{CPU: time.Hour}, Noise: result.Noise{Timer: result.Histogram{P99: 5 * time.Millisecond}}},
			time.Second, 0, boundP99},
	} {
		bound, reason := x.judge(c.run, result.Step{P99: c.p99, Late: c.late})
		if bound != c.want || (reason == "") != (c.want == "") {
			t.Errorf("%s: %q, %q, want %q", name, bound, reason, c.want)
		}
	}
	x.plan.Capacity = &result.Capacity{Rate: 10_000}
	run := result.Run{Window: time.Second, Elapsed: time.Second, Accounting: result.Accounting{Scheduled: 6000}}
	if bound, reason := x.judge(run, result.Step{P99: time.Second}); bound != boundDriver || !strings.Contains(reason, "more than half") {
		t.Errorf("beyond half of the driver's capacity: %q, %q", bound, reason)
	}
}

func TestGrowthIsTheQueuesOwn(t *testing.T) {
	line := make([]result.Moment, 20)
	for i := range line { // a tenth more comes than leaves, from 1 ms on
		at := float64(i) * 0.075
		line[i] = result.Moment{At: at, Count: 100, P50: 1e6 + 0.1*at*1e9}
	}
	if g := growth(line); math.Abs(g-0.1) > 1e-9 {
		t.Errorf("growth %v, want 0.1", g)
	}
	line[3].Count = 0
	line[3].P50 = 0
	if g := growth(line); math.Abs(g-0.1) > 1e-9 {
		t.Errorf("growth with an empty stretch %v, want 0.1", g)
	}
	if g := growth(nil); g != 0 {
		t.Errorf("growth of nothing is %v", g)
	}
	if g := growth(line[:1]); g != 0 {
		t.Errorf("growth of one stretch is %v", g)
	}
}

func TestScalingFitsWhatHeld(t *testing.T) {
	arm := result.Arm{Transport: "websocket", Carrier: "h1", Net: "loopback"}
	var steps []result.Step
	for _, n := range []float64{1, 2, 4, 8, 16, 32, 64} {
		steps = append(steps, result.Step{Load: n, Out: 1000 * n / (1 + 0.1*(n-1) + 0.002*n*(n-1)), Held: true})
	}
	steps = append(steps, result.Step{Load: 128, Out: 1, Reason: "cut off"})
	s, ok := scaling("rtt", arm, steps)
	if !ok || math.Abs(s.Lambda-1000) > 0.01 || math.Abs(s.Sigma-0.1) > 1e-6 || math.Abs(s.Kappa-0.002) > 1e-7 || math.Abs(s.Peak-math.Sqrt(450)) > 0.01 || len(s.Steps) != 8 {
		t.Errorf("%+v", s)
	}
	if s, ok := scaling("rtt", arm, steps[:4]); !ok || s.Peak != 0 {
		t.Errorf("a peak beyond what was measured is stated: %+v", s)
	}
	if s := middle([]result.Step{{Out: 3}, {Out: 1}, {Out: 2}}); s.Out != 2 {
		t.Errorf("the median of 3, 1 and 2 is %v", s.Out)
	}
	if _, ok := scaling("rtt", arm, steps[:2]); ok {
		t.Error("two numbers of clients are enough")
	}
}

// TestSaturateMeasures does little of everything, with real servers.
func TestSaturateMeasures(t *testing.T) {
	p := small(t, "websocket", "null")
	d := NewDocument(p)
	var tries []Try
	s := Saturation{Step: 100 * time.Millisecond, Length: 100 * time.Millisecond, Turns: 2, Clients: []int{4, 1, 2}, MaxRate: 800}
	s.Knee = workload.Workload{Name: "many", Kind: workload.Fanout, Clients: 20, Rate: 200, Warmup: 20 * ms}.WithDefaults()
	if err := Saturate(t.Context(), p, s, d, func(e Try) { tries = append(tries, e) }); err != nil {
		t.Fatal(err)
	}
	if len(d.Scalings) != 2 || len(d.Knees) != 2 || d.Partial != "" || len(d.Runs) != 0 {
		t.Fatalf("%d scalings, %d knees, partial %q", len(d.Scalings), len(d.Knees), d.Partial)
	}
	n := 0
	for _, s := range d.Scalings {
		n += 2 * len(s.Steps)
		if len(s.Steps) != 3 || s.Lambda <= 0 || s.Workload != "rtt" || s.Steps[0].Load != 1 || s.Steps[2].Load != 4 || s.Steps[0].Out <= 0 {
			t.Errorf("scaling %+v", s)
		}
	}
	for _, k := range d.Knees {
		n += len(k.Steps)
		if len(k.Steps) == 0 || k.Bound == "" || k.Limit != 300*time.Millisecond || k.Workload != "many" {
			t.Errorf("knee %+v", k)
		}
	}
	if len(tries) != n || tries[0].Number != 1 || !tries[0].Sweep || tries[n-1].Sweep {
		t.Errorf("%d tries were reported of %d", len(tries), n)
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

func TestSaturateKeepsWhatItHasWhenInterrupted(t *testing.T) {
	p := small(t, "null")
	d := NewDocument(p)
	ctx, cancel := context.WithCancel(t.Context())
	s := Saturation{Length: 100 * time.Millisecond, Turns: 1, Clients: []int{1, 2, 3, 4}}
	tries := 0
	err := Saturate(ctx, p, s, d, func(Try) {
		if tries++; tries == 3 {
			cancel()
		}
	})
	if err != ErrInterrupted || len(d.Scalings) != 1 || len(d.Knees) != 0 || !strings.Contains(d.Partial, "broken off: interrupted") {
		t.Errorf("%v, %d scalings, partial %q", err, len(d.Scalings), d.Partial)
	}
}

func TestSaturationCheckFindsWhatCannotBeDone(t *testing.T) {
	find := func(name string) workload.Workload {
		w, err := workload.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for want, s := range map[string]Saturation{
		"neither":              {NoKnee: true, NoSweep: true},
		"at least 100ms":       {Step: time.Millisecond},
		"a ratio of 1 ":        {Ratio: 1},
		"-1 turns":             {Turns: -1},
		"greatest rate":        {MaxRate: 1e9},
		"rtt has no rate":      {Knee: find("rtt")},
		"idle has no rate":     {Knee: find("idle")},
		"build-log has no ra":  {Knee: find("build-log")},
		"push offers a fixed":  {Sweep: find("push")},
		"2 different numbers":  {Clients: []int{1, 2, 2, 1}},
		"clients must be betw": {Clients: []int{0, 1, 2}},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that contains %q", err, want)
		}
	}
	if err := (Saturation{}).Check(); err != nil {
		t.Error(err)
	}
}
