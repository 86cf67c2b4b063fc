package reports

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// full is a document that has something for every chapter of a report: the fixture with network
// conditions, a proxy, sweeps, searches, findings and a calibration.
func full(t testing.TB) *result.Document {
	t.Helper()
	base := fixture(t, 6)
	whole.once.Do(func() { whole.document = newFull(t, base) })
	d := *whole.document
	d.Workloads, d.Arms, d.Runs, d.Nets = slices.Clone(d.Workloads), slices.Clone(d.Arms), slices.Clone(d.Runs), slices.Clone(d.Nets)
	d.Calibration, d.Knees, d.Scalings, d.Findings = slices.Clone(d.Calibration), slices.Clone(d.Knees), slices.Clone(d.Scalings), slices.Clone(d.Findings)
	return &d
}

var whole struct {
	sync.Mutex
	once     sync.Once
	document *result.Document
	report   *Report
}

func newFull(t testing.TB, d *result.Document) *result.Document {
	rng := rand.New(rand.NewPCG(2, 2))
	d.Title, d.Precision = "Everything that a report can show", 0.1
	d.Nets = []result.Net{
		{Name: "broadband", Emulator: "relay", RTT: 20 * time.Millisecond, Bandwidth: 50e6, Achieved: &result.Achieved{RTT: 20_310 * time.Microsecond, Connect: 20_600 * time.Microsecond, Bandwidth: 48.7e6}},
		{Name: "4g", Emulator: "wrapper", Label: "application-level delay: no slow start, no loss recovery", RTT: 60 * time.Millisecond, Bandwidth: 10e6, Loss: 0.01, Jitter: 5 * time.Millisecond},
	}
	arm := func(transport, net, variant, title string, push bool) result.ArmInfo {
		return result.ArmInfo{Arm: result.Arm{Transport: transport, Carrier: "h1", Net: net, Variant: variant}, Title: title, Push: push}
	}
	poll, web := "Polling", "WebSocket"
	scale := map[result.Arm]float64{}
	for _, a := range []struct {
		info  result.ArmInfo
		scale float64
	}{
		{arm("polling", "loopback", "interval=100ms", poll, false), 50e6}, {arm("polling", "loopback", "interval=2s", poll, false), 1e9},
		{arm("polling", "broadband", "", poll, false), 270e6}, {arm("websocket", "broadband", "", web, true), 21e6},
		{arm("websocket", "4g", "", web, true), 62e6},
		{arm("streaming", "loopback", "proxy=nginx", "Streaming (SSE)", true), 1.4e6}, {arm("streaming", "loopback", "proxy=nginx-ignoring", "Streaming (SSE)", true), 900e6},
	} {
		d.Arms = append(d.Arms, a.info)
		scale[a.info.Arm] = a.scale
	}
	d.Workloads = append(d.Workloads[:3:3],
		workload.Workload{Name: "size-1k", Kind: workload.Fanout, Clients: 100, Rate: 50, Size: 1 << 10}.WithDefaults(),
		workload.Workload{Name: "size-16k", Kind: workload.Fanout, Clients: 100, Rate: 50, Size: 16 << 10}.WithDefaults(),
		workload.Workload{Name: "resume", Kind: workload.Resume, Clients: 20, Rate: 100}.WithDefaults())
	polling, websocket := d.Arms[0], d.Arms[2]
	plain := len(d.Runs)
	for block := range 2 {
		for i, a := range d.Arms[4:] {
			d.Runs = append(d.Runs, fixtureRun(t, rng, d.Workloads[0], a, block+1, 20+i, scale[a.Arm]*(0.9+0.2*rng.Float64()), 1))
		}
		for i, w := range d.Workloads[3:] {
			growth := 1 + float64(w.Size)/4096
			d.Runs = append(d.Runs, fixtureRun(t, rng, w, polling, block+1, 40+i, 250e6*growth, 0), fixtureRun(t, rng, w, websocket, block+1, 50+i, 0.7e6*growth, 2))
		}
	}
	more := d.Runs[plain:]
	for block := 2; block < d.Blocks; block++ { // the others repeat the first two: histograms take long to make
		for _, r := range more[:len(more)/2] {
			r.Block = block + 1
			d.Runs = append(d.Runs, r)
		}
		more = append(more[len(more)/2:len(more):len(more)], more[:len(more)/2]...)
	}
	for i := range d.Runs {
		extend(&d.Runs[i], rng)
	}
	first := &d.Runs[0]
	first.Unfit = []result.Unfit{{For: result.ForTail, Reason: "timers were 3.1ms late at p99"}}
	d.Runs[1].Error = "2 messages were lost"
	searches(d)
	return d
}

// extend gives a run what only some have.
func extend(r *result.Run, rng *rand.Rand) {
	bytes := *r.Bytes // the fixture's own is shared
	r.Bytes = &bytes
	if r.Delivery.Count > 0 && r.Arm.Transport != "null" {
		for i := range 10 {
			p50 := float64(r.Delivery.P50) * (0.9 + 0.2*rng.Float64())
			r.Timeline = append(r.Timeline, result.Moment{At: float64(i) / 2, Count: 500, P50: p50, P99: 2 * p50, Max: 3 * p50 * (1 + rng.Float64())})
		}
		first := r.Connections.Dial
		r.FirstMessage = &first
		up, down := r.Bytes.Steady.Up.Total(), r.Bytes.Steady.Down.Total()
		r.Wire = &result.Wire{Up: result.WireCount{Bytes: up, Segments: up / 400}, Down: result.WireCount{Bytes: down + 100, Segments: down / 400, Retransmitted: 1}}
		r.Wire.Interface = &result.Pair{Up: float64(r.Wire.Up.Total()) * 1.001, Down: float64(r.Wire.Down.Total()) * 1.001}
	}
	r.Bytes.Handshake = result.Traffic{Up: result.Layers{Headers: 20_000, TLS: 5000}, Down: result.Layers{Headers: 12_000, Framing: 300}}
	if r.Arm.Net != "loopback" {
		r.Extra = []result.Extra{{Name: "link-lost-packets", Value: 3}}
	}
	r.Driver.GCPause = 80 * time.Microsecond
	if r.Workload == "resume" {
		catchUp, reconnect := r.Connections.Dial, r.Connections.Dial
		r.CatchUp, r.Reconnect, r.Replayed = &catchUp, &reconnect, 200
		r.Accounting.Reconnects, r.Accounting.Gaps, r.Accounting.GapSize = 10, 1, 3
	}
}

func searches(d *result.Document) {
	polling, websocket := d.Arms[0].Arm, d.Arms[2].Arm
	step := func(load float64, p99 time.Duration, held bool, reason string) result.Step {
		return result.Step{Load: load, Out: load, P50: p99 / 3, P99: p99, CPU: 20 * time.Microsecond, Held: held, Reason: reason}
	}
	d.Knees = []result.Knee{
		{Workload: "fanout", Arm: websocket, Limit: 50 * time.Millisecond, Rate: 11000, Lo: 10000, Hi: 12000, Bound: "p99", Steps: []result.Step{
			step(1000, time.Millisecond, true, ""), step(16000, 400*time.Millisecond, false, "p99 was 400ms"), step(8000, 4*time.Millisecond, true, ""),
			step(12000, 90*time.Millisecond, false, "p99 was 90ms"), step(10000, 20*time.Millisecond, true, "")}},
		{Workload: "fanout", Arm: polling, Limit: 50 * time.Millisecond, Rate: 3000, Lo: 3000, Bound: "driver", Steps: []result.Step{
			step(1000, 10*time.Millisecond, true, ""), step(3000, 40*time.Millisecond, true, "")}},
	}
	scaling := result.Scaling{Workload: "fanout", Arm: websocket, Lambda: 1000, Sigma: 0.03, Kappa: 0.0002, Peak: 70, R2: 0.992}
	for _, n := range []float64{1, 4, 16, 64, 256} {
		scaling.Steps = append(scaling.Steps, result.Step{Load: n, Out: byLaw(scaling, n) * 1.02, P50: time.Millisecond, P99: 3 * time.Millisecond})
	}
	d.Scalings = []result.Scaling{scaling}
	d.Capacity = &result.Capacity{Rate: 60000, Lateness: 800 * time.Microsecond}
	d.Calibration = []result.Check{
		{Name: "one-way delay of 5 ms, p50", Unit: "ns", Truth: 5e6, Read: 5.06e6, Tolerance: 1e5, Passed: true, Note: "above the floor of 31 µs"},
		{Name: "lost messages", Unit: "messages", Truth: 12, Read: 12, Passed: true},
		{Name: "stall of 1 s in every 10 s, p95", Unit: "ms", Truth: 505, Read: 507, Tolerance: 10.1, Passed: true},
		{Name: "stall, p95, by another tool", Unit: "ms", Truth: 505, Read: 17, Aside: true, Note: "a closed loop of 10 clients"},
	}
	d.Findings = []result.Finding{
		{ID: "claim-polling", Group: result.Claim, Says: "Polling asks regardless of whether there is data.", Source: "the project's notes", Method: "requests per message on a silent topic",
			Ours: "120 requests a minute, none answered with data", Figures: []result.Extra{{Name: "requests/min", Value: 120}, {Name: "interval-ns", Value: 5e8}, {Name: "answer-B", Value: 64}}, Verdict: result.Agrees, Why: "A poll is sent on a timer."},
		{ID: "pimentel-2012", Group: result.Literature, Says: "Polling takes 2.31 to 4.48 times as long as a WebSocket.", Source: "Pimentel and Nickerson 2012", Method: "push, 80 ms round trip, a pause of 150 ms",
			Theirs: "2.31–4.48 ×", Ours: "3.9 ± 0.2 ×", Verdict: result.Agrees, Why: "Ours lies within their range."},
		{ID: "bozdag-2007", Group: result.Literature, Says: "Push costs 7 times the server's processor time of pull.", Source: "Bozdag et al. 2007", Method: "fanout",
			Theirs: "7 ×", Ours: "0.8 ± 0.1 ×", Verdict: result.Disagrees, Why: "An idle connection costs no thread here."},
		{ID: "lubbers-2010", Group: result.Literature, Says: "871 bytes against 2.", Source: "Lubbers and Greco 2010", Verdict: result.NotComparable, Why: "Arithmetic, not a measurement."},
	}
}
