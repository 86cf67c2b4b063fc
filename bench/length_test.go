package bench

import (
	"strings"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

func TestRunGoesOnUntilHeadlinesAreKnownOrItMayNot(t *testing.T) {
	p := small(t, "null")
	p.Workloads = p.Workloads[:1]
	p.Workloads[0].Duration, p.Workloads[0].Warmup = 50*ms, 10*ms
	p.Blocks, p.MaxBlocks, p.Precision = stats.MinRuns, stats.MinRuns+2, 0.001 // nobody is that steady
	blocks := map[int]bool{}
	var last Event
	d, err := Run(t.Context(), p, func(e Event) { blocks[e.Block], last = true, e })
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Runs) != 8 || d.Blocks != 8 || d.Precision != 0.001 || !strings.Contains(d.Stopped, "8 of each") || len(blocks) != 8 {
		t.Errorf("%d runs in %d blocks, stopped %q", len(d.Runs), d.Blocks, d.Stopped)
	}
	if last.Widest == nil || last.Widest.Half < 0.001 || last.Total != 8 || last.Left != 0 {
		t.Errorf("the last event was %+v", last)
	}
}

// known returns a runner whose document has n runs of each arm of a plan, the second workload's with so much
// noise.
func known(t *testing.T, p Plan, n int, noise float64) *runner {
	t.Helper()
	r := &runner{plan: p, doc: p.document(), began: time.Now()}
	for block := 1; block <= n; block++ {
		for i, w := range p.Workloads {
			for _, a := range p.armsOf(w, block) {
				v := 1e6 * (1 + float64(i)*noise*float64(block%5-2))
				r.doc.Runs = append(r.doc.Runs, result.Run{Workload: w.Name, Arm: a, Block: block,
					Delivery: result.Histogram{Count: 1, P50: time.Duration(v)}})
			}
		}
	}
	return r
}

func TestOnlyUnknownWorkloadsGoOn(t *testing.T) {
	p := small(t, "websocket", "polling")
	p.Workloads[1] = workload.Workload{Name: "fanout", Kind: workload.Fanout}.WithDefaults()
	p.Blocks, p.Precision = 6, 0.05
	r := known(t, p, 6, 0.2)
	open := r.unknown(7)
	if len(open) != 1 || open[0].Name != "fanout" || r.doc.Stopped != "" || r.wide.Workload.Name != "fanout" || r.wide.Half < 0.3 {
		t.Errorf("open %v, stopped %q, widest %+v", open, r.doc.Stopped, r.wide)
	}
	if open := known(t, p, 6, 0.001).unknown(7); len(open) != 0 {
		t.Errorf("what is known well enough goes on: %v", open)
	}
	r.began = time.Now().Add(-time.Hour)
	if open := r.unknown(7); len(open) != 0 || !strings.Contains(r.doc.Stopped, "of which 30m0s were allowed") {
		t.Errorf("open %v, stopped %q", open, r.doc.Stopped)
	}
	r = known(t, p, 40, 0.2)
	if open := r.unknown(41); len(open) != 0 || !strings.Contains(r.doc.Stopped, "40 of each") {
		t.Errorf("open %v, stopped %q", open, r.doc.Stopped)
	}
	r = known(t, p, 6, 0)
	for i := range r.doc.Runs {
		if r.doc.Runs[i].Arm.Transport == "polling" {
			r.doc.Runs[i].Error = "lost"
		}
	}
	if open := r.unknown(7); len(open) != 0 || !strings.Contains(r.doc.Stopped, "no run") {
		t.Errorf("an arm that only fails keeps the others going: %v, stopped %q", open, r.doc.Stopped)
	}
}

func TestPairsSayWhichArmsRunAWorkload(t *testing.T) {
	p := small(t, "null", "tcp")
	p.Blocks = 2
	push, null, tcp := p.Workloads[0], Pair{Arm: p.Arms[0]}, Pair{Arm: p.Arms[1]}
	p.Pairs = map[string][]Pair{"push": {null, {p.Arms[1], 1}}, "idle": {null}}
	if n, want := p.Runs(), 5; n != want {
		t.Errorf("%d runs, want %d", n, want)
	}
	if first, second, beyond := p.armsOf(push, 1), p.armsOf(push, 2), p.armsOf(push, 3); len(first) != 2 || len(second) != 1 || len(beyond) != 2 {
		t.Errorf("push runs on %v, then on %v, and when that is not precise enough on %v", first, second, beyond)
	}
	if e, want := p.Estimate(), 3*(250*time.Millisecond+overhead)+2*(100*time.Millisecond+overhead); e != want {
		t.Errorf("estimate %s, want %s", e, want)
	}
	p.Blocks = 1
	d, err := Run(t.Context(), p, nil)
	if err != nil || len(d.Runs) != 3 {
		t.Errorf("%d runs, %v", len(d.Runs), err)
	}
	for want, pairs := range map[string]map[string][]Pair{
		"idle has no arm":             {"push": {null, tcp}},
		"chat on null: not both":      {"push": {null}, "idle": {tcp}, "chat": {null}},
		"push on longpoll/h2: not bo": {"idle": {null}, "push": {null, {Arm: result.Arm{Transport: "longpoll", Carrier: "h2", Net: "loopback"}}}},
		"push on tcp: -1 blocks":      {"idle": {null}, "push": {null, {p.Arms[1], -1}}},
	} {
		p.Pairs = pairs
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that contains %q", err, want)
		}
	}
}

func TestCheckFindsLengthsThatCannotBeRun(t *testing.T) {
	for want, change := range map[string]func(*Plan){
		"belongs to a precision":     func(p *Plan) { p.MaxBlocks = 9 },
		"belongs to a precision ":    func(p *Plan) { p.MaxTime = time.Minute },
		"0.05 % is not between":      func(p *Plan) { p.Precision = 0.0005 },
		"-5 % is not between":        func(p *Plan) { p.Precision = -0.05 },
		"at least 6 runs":            func(p *Plan) { p.Precision, p.Blocks = 0.05, 5 },
		"at most 3 runs":             func(p *Plan) { p.Precision, p.Blocks, p.MaxBlocks = 0.05, 6, 3 },
		"a longest time of -1s is n": func(p *Plan) { p.Precision, p.Blocks, p.MaxTime = 0.05, 6, -time.Second },
	} {
		p := small(t, "websocket")
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("error %v, want one that contains %q", err, want)
		}
	}
}
