package model

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// true prices of a machine that does not exist: what a fit must find out from its runs.
var truth = map[string]struct {
	push                              bool
	sent, delivery, question, perByte float64 // processor seconds
	client, server                    float64 // bytes of memory
	bytes, perQuestion                float64 // moved for a message, and for a question
	floor, reader                     float64 // seconds
}{
	"polling":   {false, 200e-6, 2e-6, 30e-6, 1e-9, 25e3, 2e6, 120, 250, 0.5e-3, 2e-6},
	"longpoll":  {false, 200e-6, 40e-6, 0, 2e-9, 30e3, 2e6, 300, 0, 0.6e-3, 30e-6},
	"streaming": {true, 180e-6, 14e-6, 0, 1e-9, 9e3, 2e6, 37, 0, 0.5e-3, 15e-6},
	"websocket": {true, 160e-6, 12e-6, 0, 1e-9, 12e3, 2e6, 14, 0, 0.4e-3, 12e-6},
}

// observations are runs of that machine, each figure off by noise at most.
func observations(noise float64) *Observations {
	rng := rand.New(rand.NewPCG(1, 2))
	off := func(v float64) *float64 { return present(v * (1 + noise*(2*rng.Float64()-1))) }
	o := &Observations{Format: Format, Version: Version, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Environment: result.Environment{CPU: "Example CPU 3000", Cores: 2, Go: "go1.26.8"}, Store: result.Store{Kind: "redis", Version: "7.0.15"},
		Options: result.Options{Interval: 500 * time.Millisecond, Hold: 25 * time.Second, Heartbeat: 15 * time.Second, Batch: 256}}
	for _, name := range []string{"polling", "longpoll", "streaming", "websocket"} {
		p := truth[name]
		for _, variant := range []string{"", "interval=150ms"} {
			if variant != "" && name != "polling" {
				continue
			}
			a := result.Arm{Transport: name, Carrier: "h1", Net: "loopback", Variant: variant}
			o.Arms = append(o.Arms, result.ArmInfo{Arm: a, Title: strings.ToUpper(name[:1]) + name[1:], Push: p.push})
			for _, w := range []struct {
				kind          workload.Kind
				clients, size int
				rate          float64
			}{
				{workload.Fanout, 10, 64, 20}, {workload.Fanout, 100, 300, 5}, {workload.Fanout, 300, 64, 20}, {workload.Fanout, 100, 4096, 20}, {workload.Fanout, 500, 1024, 10},
				{workload.Push, 5, 64, 10}, {workload.Push, 50, 64, 500}, {workload.Push, 50, 2048, 100}, {workload.Push, 100, 300, 1000},
				{workload.Idle, 100, 0, 0}, {workload.Idle, 1000, 0, 0},
			} {
				for range 2 {
					each := Observation{Arm: a, Kind: w.kind, Clients: w.clients, Publishers: 1, Topics: 1, Size: w.size, Rate: w.rate, Process: workload.Poisson, Lasted: 4, Sends: w.rate}
					readers := float64(w.clients)
					if w.kind == workload.Push {
						each.Topics, each.Publishers, readers = w.clients, w.clients, 1
					}
					each.Deliveries = each.Sends * readers
					l, ok := each.load(o.Options, p.push)
					if !ok {
						panic("no load")
					}
					each.CPU = off(p.sent*l.sends + p.delivery*l.deliveries + p.question*l.asked + p.perByte*l.deliveries*l.size)
					each.Memory = off(p.server + p.client*(l.clients+l.publishers) + 3*l.held*l.size)
					each.Up = off(150*l.sends + l.sends*l.size + p.perQuestion/2*l.asked)
					each.Down = off(100*l.sends + p.bytes*l.deliveries + l.deliveries*l.size + p.perQuestion/2*l.asked)
					if w.kind != workload.Idle {
						each.P50 = off(p.floor + p.reader*l.readers)
						each.P99 = off(2*p.floor + 2*p.reader*l.readers)
					}
					o.Observations = append(o.Observations, each)
				}
			}
		}
	}
	return o
}

// quiet is the model of observations with little noise.
var quiet = sync.OnceValues(func() (*Model, error) { return Fit(observations(0.01)) })

func mustQuiet(t *testing.T) *Model {
	t.Helper()
	m, err := quiet()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustFit(t *testing.T, o *Observations) *Model {
	t.Helper()
	m, err := Fit(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustAdvise(t *testing.T, m *Model, a Ask) *Advice {
	t.Helper()
	advice, err := m.Advise(a)
	if err != nil {
		t.Fatal(err)
	}
	return advice
}

func find(t *testing.T, a *Advice, transport string) Prediction {
	t.Helper()
	for _, p := range append(slices.Clone(a.Ranked), a.Excluded...) {
		if p.Transport == transport {
			return p
		}
	}
	t.Fatalf("no prediction for %s", transport)
	return Prediction{}
}

// Under a load that no run had, ten times larger than all of them, the fit must predict what the machine would do.
func TestPredictionsAreWhatTheMachineWouldDo(t *testing.T) {
	m := mustFit(t, observations(0.02))
	a := mustAdvise(t, m, Ask{Clients: 8000, Rate: 2, Readers: 40, Size: 500, RTT: 50 * time.Millisecond, Interval: time.Second})
	for name, p := range truth {
		got := find(t, a, name)
		sends, deliveries := 400.0, 16000.0
		asked := 0.0
		if name == "polling" {
			asked = 8000
		}
		near(t, name+" cores", got.Cores, p.sent*sends+p.delivery*deliveries+p.question*asked+p.perByte*deliveries*500, 0.1)
		near(t, name+" memory", got.Memory, p.server+p.client*8001, 0.1)
		near(t, name+" bytes", got.Bytes, p.bytes+500+p.perQuestion*asked/deliveries, 0.05)
		near(t, name+" traffic", got.Traffic, got.Bytes*2, 1e-9)
		floor := p.floor + 40*p.reader
		switch name {
		case "polling":
			near(t, name+" mean", got.Mean.Seconds(), 0.025+0.5+truth["longpoll"].floor, 0.01)
			near(t, name+" p99", got.P99.Seconds(), 0.025+0.99, 0.01)
		case "longpoll":
			if got.P50.Seconds() < 0.025+0.9*floor || got.P99 < 60*time.Millisecond {
				t.Errorf("longpoll: %s and %s at p99, want more than a transit, and up to three", got.P50, got.P99)
			}
		default:
			near(t, name+" floor", got.Floor.Seconds(), floor, 0.1)
			near(t, name+" tail", got.Tail.Seconds(), 2*floor, 0.1)
			near(t, name+" p50", got.P50.Seconds(), 0.025+floor, 0.05)
			near(t, name+" p99", got.P99.Seconds(), 0.025+2*floor, 0.05)
		}
	}
	if e := a.Error; !(e > 0 && e < 0.05) {
		t.Errorf("the held-out error is %v with noise of 2 %%", e)
	}
	if best := mustAdvise(t, m, Ask{Clients: 100, Prefer: ByCPU}).Ranked[0]; best.Transport != "websocket" || best.Score != 1 || !strings.Contains(best.Why, "best in") {
		t.Errorf("the best in processor time is %+v", best)
	}
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within*want) {
		t.Errorf("%s: %.5g, want %.5g within %v", what, got, want, within)
	}
}

// The held-out error must be the noise that was put in, and must show a law that does not hold.
func TestHeldOutErrorsTellNoiseAndWrongLaws(t *testing.T) {
	low, loud := Median(mustQuiet(t).Errors()), Median(mustFit(t, observations(0.4)).Errors())
	if !(low < 0.02) || !(loud > 0.1 && loud < 0.5) {
		t.Errorf("errors of %.3f with noise of 1 %% and %.3f with 40 %%", low, loud)
	}
	o := observations(0.01)
	for i, each := range o.Observations { // deliveries cost the cube of what the model thinks
		o.Observations[i].CPU = present(math.Pow(each.Deliveries, 3) * 1e-9)
	}
	for _, e := range mustFit(t, o).Errors() {
		if e.Figure == lawCPU && e.Median < 0.15 {
			t.Errorf("%s: an error of %.3f where the law is wrong", e.Transport, e.Median)
		}
	}
}

func TestFreshnessDecidesHowOftenToAsk(t *testing.T) {
	m := mustQuiet(t)
	a := mustAdvise(t, m, Ask{Clients: 100, Rate: 1, RTT: 50 * time.Millisecond, Freshness: time.Second})
	polling := find(t, a, "polling")
	if polling.Interval < 940*time.Millisecond || polling.Interval > 975*time.Millisecond || polling.P99 > time.Second || len(polling.Excluded) > 0 {
		t.Errorf("polling every %s is within %s at p99: %q", polling.Interval, polling.P99, polling.Excluded)
	}
	hasty := find(t, mustAdvise(t, m, Ask{Clients: 100, Rate: 1, RTT: 200 * time.Millisecond, Freshness: 150 * time.Millisecond}), "polling")
	if len(hasty.Excluded) != 1 || !strings.Contains(hasty.Excluded[0], "longer than 150 ms") {
		t.Errorf("faster than the round trip allows: %q", hasty.Excluded)
	}
}

func TestConstraintsRuleOutWithAReason(t *testing.T) {
	m := mustQuiet(t)
	for _, c := range []struct {
		ask       Ask
		transport string
		why       string
	}{
		{Ask{Proxy: "nginx-ignoring"}, "streaming", "holds the stream back"},
		{Ask{Proxy: Strict}, "websocket", "passes no upgrade"},
		{Ask{Proxy: Strict}, "streaming", "for ever"},
		{Ask{Proxy: "haproxy-2s"}, "websocket", "shorter heartbeat"},
		{Ask{Tabs: 6}, "longpoll", "opens 6 to one host"},
		{Ask{Data: Binary}, "streaming", "text alone"},
		{Ask{Clients: 1000, Rate: 100, Cores: 1}, "websocket", "processors busy"},
		{Ask{Clients: 1000, Memory: 1e6}, "polling", "MB, more than 1 MB"},
	} {
		p := find(t, mustAdvise(t, m, c.ask), c.transport)
		if !strings.Contains(strings.Join(p.Excluded, "; "), c.why) || !math.IsNaN(p.Score) {
			t.Errorf("%+v: %s is excluded for %q, want %q", c.ask, c.transport, p.Excluded, c.why)
		}
	}
	for _, c := range []struct {
		ask       Ask
		transport string
		note      string
	}{
		{Ask{Proxy: "nginx"}, "websocket", "Upgrade"}, {Ask{Proxy: "nginx"}, "streaming", "X-Accel-Buffering"},
		{Ask{Tabs: 3}, "streaming", "3 of the 6"}, {Ask{Data: Base64}, "streaming", "a third larger"},
	} {
		p := find(t, mustAdvise(t, m, c.ask), c.transport)
		if len(p.Excluded) > 0 || !strings.Contains(strings.Join(p.Notes, "; "), c.note) {
			t.Errorf("%+v: %s is noted %q, excluded %q; want %q", c.ask, c.transport, p.Notes, p.Excluded, c.note)
		}
	}
	plain, coded := find(t, mustAdvise(t, m, Ask{Size: 3000}), "streaming"), find(t, mustAdvise(t, m, Ask{Size: 3000, Data: Base64}), "streaming")
	near(t, "base64", coded.Bytes-plain.Bytes, 1000, 0.05)
	none := mustAdvise(t, m, Ask{Proxy: Strict, Freshness: time.Millisecond, RTT: 50 * time.Millisecond})
	if len(none.Ranked) != 0 || !strings.Contains(strings.Join(none.Warnings, " "), "no transport meets") {
		t.Errorf("nothing is left: %+v", none.Ranked)
	}
}

func TestWhatWasNotMeasuredIsSaid(t *testing.T) {
	m := mustQuiet(t)
	a := mustAdvise(t, m, Ask{Clients: 50_000, Rate: 1, Size: 16})
	factors := map[string]float64{}
	for _, b := range a.Beyond {
		factors[b.What] = b.Factor
	}
	if factors["clients"] != 50 || factors["bytes of a message"] != 4 || len(factors) != 4 {
		t.Errorf("beyond what was measured: %v", factors)
	}
	if text := strings.Join(a.Warnings, " "); !strings.Contains(text, "50,000 clients (50 times the most measured)") || !strings.Contains(text, "Example CPU 3000 with 2 processors") {
		t.Errorf("warnings: %q", text)
	}
	if inside := mustAdvise(t, m, Ask{Clients: 100, Rate: 1, Size: 64}); len(inside.Beyond) != 0 {
		t.Errorf("inside of what was measured: %+v", inside.Beyond)
	}
}

func TestLevelArmsAreNotRanked(t *testing.T) {
	o := observations(0.3)
	a := mustAdvise(t, mustFit(t, o), Ask{Clients: 500, Rate: 1, Prefer: ByMemory})
	if a.Level < 1 || a.Level > len(a.Ranked) {
		t.Fatalf("level %d of %d", a.Level, len(a.Ranked))
	}
	for i, p := range a.Ranked {
		if level := p.Score <= a.Ranked[0].Score*(1+a.Error); level != (i < a.Level) {
			t.Errorf("%s with a score of %.2f is level: %v", p.Transport, p.Score, i < a.Level)
		}
	}
	exact := mustAdvise(t, mustFit(t, observations(0)), Ask{Clients: 500, Rate: 1, Prefer: ByMemory})
	if exact.Level != 1 || exact.Ranked[0].Transport != "streaming" || exact.Ranked[0].Score != 1 {
		t.Errorf("streaming needs the least memory: %d, %+v", exact.Level, exact.Ranked[0])
	}
}

var update = flag.Bool("update", false, "write the observations that the command's tests are advised by")

// The command's tests read this file; it must be what observations makes.
func TestObservationsOfTheCommandsTests(t *testing.T) {
	const name = "testdata/observations.json"
	var fresh bytes.Buffer
	if err := observations(0.05).Write(&fresh); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, fresh.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(name); err != nil || !bytes.Equal(want, fresh.Bytes()) {
		t.Errorf("%s differs from what it is made of: go test ./bench/model -update (%v)", name, err)
	}
}

func TestWrongAsksAreRefused(t *testing.T) {
	m := mustQuiet(t)
	for what, a := range map[string]Ask{
		"clients": {Clients: -1}, "rate": {Rate: math.NaN()}, "readers": {Readers: 2}, "size": {Size: 1 << 40}, "data": {Data: "paper"}, "round trip": {RTT: time.Hour},
		"proxy": {Proxy: "squid"}, "tabs": {Tabs: -1}, "preference": {Prefer: "luck"}, "negative": {Cores: -1}, "interval": {Interval: 2 * time.Hour},
	} {
		if _, err := m.Advise(a); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestObservationsSurviveAFile(t *testing.T) {
	o := observations(0.1)
	var file bytes.Buffer
	if err := o.Write(&file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(file.Bytes()))
	if err != nil || len(got.Observations) != len(o.Observations) || *got.Observations[7].CPU != *o.Observations[7].CPU {
		t.Fatalf("%v", err)
	}
	if lines := bytes.Count(file.Bytes(), []byte("\n")); lines < len(o.Observations) {
		t.Errorf("%d lines for %d observations", lines, len(o.Observations))
	}
	if _, err := Read(strings.NewReader(`{"format":"transportlab-result"}`)); !errors.Is(err, ErrFormat) {
		t.Errorf("another format: %v", err)
	}
	for text, want := range map[string]string{
		`{"format":"transportlab-model","version":2}`:                                                                       "version 2",
		`{"format":"transportlab-model","version":1,"extra":1}`:                                                             "extra",
		`{"format":"transportlab-model","version":1,"observations":[{"arm":{"transport":"polling"},"clients":0}]}`:          "observations[0]",
		`{"format":"transportlab-model","version":1,"observations":[{"arm":{"transport":"polling"},"clients":1,"cpu":-1}]}`: "cpu is -1",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := Fit(&Observations{}); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("nothing to fit: %v", err)
	}
	if _, err := Fit(&Observations{Observations: make([]Observation, maxObservations+1)}); err == nil || !strings.Contains(err.Error(), "5001 runs") {
		t.Errorf("more than can be fitted: %v", err)
	}
}

// The measurements that come with the program must make a model whose predictions are, in the median, within 15 % of
// runs that the fit did not see.
func TestTheModelThatComesWithTheProgramIsGoodEnough(t *testing.T) {
	m, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if median := Median(m.Errors()); !(median <= 0.15) {
		t.Errorf("the median error is %.1f %%", 100*median)
	}
	a := mustAdvise(t, m, Ask{Clients: 1000, Rate: 1, Size: 300, RTT: 50 * time.Millisecond})
	if len(a.Ranked) < 6 {
		t.Errorf("%d transports are ranked", len(a.Ranked))
	}
	for _, p := range a.Ranked {
		if !(p.Cores > 0 && p.Memory > 0 && p.Bytes > 300 && p.P50 > 25*time.Millisecond && p.P99 >= p.P50 && p.Score >= 1) {
			t.Errorf("%s: %+v", p.Transport, p)
		}
	}
}
