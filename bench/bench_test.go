package bench

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
	"transportlab/transports"
)

func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // each child would sleep for a second at its end
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(playRole(role))
	}
	flag.Parse()
	if f := flag.Lookup("test.bench"); f != nil && f.Value.String() != "" {
		if err := stats.WriteUnits(os.Stdout); err != nil { // for benchstat
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

const ms = workload.Duration(time.Millisecond)

// small is a plan that takes about a second.
func small(t *testing.T, arms ...string) Plan {
	t.Helper()
	p := Plan{
		Title: "small", Blocks: 1, Seed: 3, Store: "memory", Options: transports.Options{Interval: 20 * time.Millisecond},
		Workloads: []workload.Workload{
			{Name: "push", Kind: workload.Push, Clients: 3, Rate: 100, Duration: 200 * ms, Warmup: 50 * ms},
			{Name: "idle", Kind: workload.Idle, Clients: 5, Duration: 100 * ms},
		},
	}
	for i := range p.Workloads {
		p.Workloads[i] = p.Workloads[i].WithDefaults()
	}
	var err error
	if p.Arms, err = Arms(arms, []string{"h1"}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRunMeasuresEveryWorkloadOnEveryArm(t *testing.T) {
	p := small(t, "websocket", "polling", "null")
	var finished, progressed int
	d, err := Run(t.Context(), p, func(e Event) {
		if e.Finished != nil {
			finished++
		} else if e.Progress.Part != "" {
			progressed++
		}
		if e.Total != 6 || e.Number < 1 || e.Number > 6 || e.Block != 1 || e.Left < 0 {
			t.Errorf("event %+v", e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if finished != 6 || len(d.Runs) != 6 || d.Partial != "" {
		t.Fatalf("%d runs, %d reported, partial %q", len(d.Runs), finished, d.Partial)
	}
	for _, r := range d.Runs {
		if r.Error != "" || r.Accounting.Lost != 0 || r.Accounting.Delivered != r.Accounting.Expected || r.Noise.Timer.Count == 0 || r.Driver.CPU <= 0 {
			t.Errorf("%s %s: %q, %+v", r.Workload, r.Arm, r.Error, r.Accounting)
		}
		if r.Workload == "push" && r.Accounting.Delivered != 20 {
			t.Errorf("%s delivered %d, want 20", r.Arm, r.Accounting.Delivered)
		}
		if remote := r.Arm.Transport != "null"; (r.Server != nil) != remote || (r.Bytes != nil) != remote {
			t.Errorf("%s %s: server %v, bytes %v", r.Workload, r.Arm, r.Server, r.Bytes)
		}
		if r.Workload == "push" && r.Bytes != nil && (r.Bytes.Steady.Up.Payload != 20*64 || r.Bytes.Steady.Down.Payload != 20*64 || r.Bytes.Steady.Down.Envelope == 0) {
			t.Errorf("%s: bytes %+v", r.Arm, r.Bytes)
		}
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := result.Read(&b); err != nil {
		t.Errorf("what was measured cannot be read back: %v", err)
	}
	b.Reset()
	for i := range d.Runs {
		d.Runs[i].Unfit = nil // this machine may be busy
	}
	if err := stats.WriteBenchmarks(&b, d); err != nil || strings.Count(b.String(), "\nBenchmark") != 6 {
		t.Errorf("benchmark format: %v\n%s", err, b.String())
	}
}

func TestRunKeepsWhatItHasWhenInterrupted(t *testing.T) {
	p := small(t, "longpoll", "websocket")
	p.Blocks = 100
	ctx, cancel := context.WithCancel(t.Context())
	d, err := Run(ctx, p, func(e Event) {
		if e.Finished != nil {
			cancel()
		}
	})
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("error %v", err)
	}
	if d == nil || len(d.Runs) != 1 || !strings.Contains(d.Partial, "1 of 400 runs") {
		t.Errorf("document %+v", d)
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

func TestRunNamesTheRunThatFailed(t *testing.T) {
	p := small(t, "websocket")
	p.Workloads = p.Workloads[:1]
	p.Options.MaxMessage = 10 // smaller than what is sent
	d, err := Run(t.Context(), p, nil)
	var failed *RunError
	if !errors.As(err, &failed) || failed.Run.Arm.Transport != "websocket" || !strings.Contains(err.Error(), "block 1, push, websocket: ") {
		t.Errorf("error %v", err)
	}
	if d == nil || len(d.Runs) != 1 || d.Runs[0].Error == "" {
		t.Errorf("document %+v", d)
	}
}

func TestRunLoadsAServerThatIsThere(t *testing.T) {
	there, err := node.Start(t.Context(), node.Config{Generous: true, Options: transports.Options{MessageRate: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	p := small(t, "streaming")
	p.Target = there.URL
	d, err := Run(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Environment.Target != there.URL || d.Runs[0].Server != nil || d.Runs[0].Accounting.Delivered != 20 {
		t.Errorf("environment %+v, runs %+v", d.Environment, d.Runs)
	}
}

func TestOrderIsRandomWithinBlocksAndAFunctionOfTheSeed(t *testing.T) {
	if a, b := shuffled(1, 2, 3, 5), shuffled(1, 2, 3, 5); !slices.Equal(a, b) {
		t.Errorf("the same seed gives %v and %v", a, b)
	}
	// Every arm comes first about equally often: of 5,000 orders 1,000 ± 5 standard deviations.
	var first [5]int
	for block := range 5000 {
		first[shuffled(1, block, 0, 5)[0]]++
	}
	for arm, n := range first {
		if n < 858 || n > 1142 {
			t.Errorf("arm %d comes first %d times of 5000", arm, n)
		}
	}
}

func TestCheckFindsWhatCannotBeRun(t *testing.T) {
	for want, change := range map[string]func(*Plan){
		"no workload":                 func(p *Plan) { p.Workloads = nil },
		"no transport":                func(p *Plan) { p.Arms = nil },
		"0 runs of each arm":          func(p *Plan) { p.Blocks = 0 },
		"workload push is there":      func(p *Plan) { p.Workloads[1] = p.Workloads[0] },
		"size: -1":                    func(p *Plan) { p.Workloads[0].Size = -1 },
		`no transport "pigeon"`:       func(p *Plan) { p.Arms[0].Transport = "pigeon" },
		"websocket does not run on":   func(p *Plan) { p.Arms[0].Carrier = "h9" },
		`no network condition "moon"`: func(p *Plan) { p.Arms[0].Net = "moon" },
		"websocket is there twice":    func(p *Plan) { p.Arms = append(p.Arms, p.Arms[0]) },
		"is not on this machine":      func(p *Plan) { p.Target = "http://example.com" },
		"the reference":               func(p *Plan) { p.Reference = "carrier" },
	} {
		p := small(t, "websocket")
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that contains %q", err, want)
		}
		if d, err := Run(t.Context(), p, nil); d != nil || err == nil {
			t.Errorf("%s: it was run: %v", want, err)
		}
	}
	p := small(t, "websocket")
	p.Target, p.Mine = "http://example.com", true
	if err := p.Check(); err != nil {
		t.Errorf("a host that is one's own: %v", err)
	}
}

func TestTheDefaultPlanCanBeRun(t *testing.T) {
	p := DefaultPlan()
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	if p.Blocks < stats.MinRuns || len(p.Arms) != 5 {
		t.Errorf("plan %+v", p)
	}
}

func TestArmsAreTransportsOverCarriers(t *testing.T) {
	arms, err := Arms([]string{"longpoll", "null"}, []string{"h1", "h2c"})
	if err != nil || len(arms) != 3 || arms[1].String() != "longpoll/h2c" || arms[2].String() != "null" {
		t.Errorf("arms %v, %v", arms, err)
	}
	if _, err := Arms([]string{"websocket"}, []string{"h3"}); err == nil {
		t.Error("a carrier that is not there is taken")
	}
}
