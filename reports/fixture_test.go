package reports

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// fixture is a document with figures that resemble a real one and never change. The caller may change
// its fields and elements.
func fixture(t testing.TB, runs int) *result.Document {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.documents[runs] == nil {
		made.documents[runs] = newFixture(t, runs)
	}
	d := *made.documents[runs]
	d.Workloads, d.Arms, d.Runs = slices.Clone(d.Workloads), slices.Clone(d.Arms), slices.Clone(d.Runs)
	return &d
}

// made keeps the fixtures, whose histograms take a while to encode.
var made = struct {
	sync.Mutex
	documents map[int]*result.Document
}{documents: map[int]*result.Document{}}

func newFixture(t testing.TB, runs int) *result.Document {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	d := &result.Document{
		Format: result.Format, Version: result.Version, Title: "Three transports over one log",
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Finished: time.Date(2026, 1, 2, 3, 6, 5, 0, time.UTC),
		Command: []string{"transportlab", "run", "-t", "polling,longpoll,websocket"}, Seed: 7, Blocks: runs,
		Environment: result.Environment{OS: "linux", Arch: "amd64", Kernel: "6.1.0", CPU: "Example CPU 3000", Cores: 2, Memory: 8 << 30,
			Go: "go1.26.8", GOMAXPROCS: 2, Congestion: "bbr", Sysctls: map[string]string{"net.core.somaxconn": "4096"}, Revision: "0123456789ab"},
		Store: result.Store{Kind: "redis", Version: "7.0.15", Address: "127.0.0.1:41234"},
		Options: result.Options{Interval: 500 * time.Millisecond, Hold: 25 * time.Second, Batch: 256, MaxMessage: 64 << 10,
			Heartbeat: 15 * time.Second, MessageRate: 100},
		Workloads: []workload.Workload{
			workload.Workload{Name: "fanout", Explain: "One publisher, many readers.", Kind: workload.Fanout, Clients: 100, Rate: 50}.WithDefaults(),
			workload.Workload{Name: "ingest", Kind: workload.Ingest, Clients: 20, Rate: 200}.WithDefaults(),
			workload.Workload{Name: "idle", Kind: workload.Idle, Clients: 500}.WithDefaults(),
		},
		Arms: []result.ArmInfo{
			{Arm: result.Arm{Transport: "polling", Carrier: "h1", Net: "loopback"}, Title: "Polling"},
			{Arm: result.Arm{Transport: "longpoll", Carrier: "h2c", Net: "loopback"}, Title: "Long polling", Push: true},
			{Arm: result.Arm{Transport: "websocket", Carrier: "h1", Net: "loopback"}, Title: "WebSocket", Push: true},
			{Arm: result.Arm{Transport: "null", Carrier: "none", Net: "loopback"}, Title: "Direct call", Floor: true},
		},
	}
	scale := []float64{250e6, 1.6e6, 0.7e6, 0.02e6} // typical latency of each arm, ns
	for block := 1; block <= runs; block++ {
		for wi, w := range d.Workloads {
			for ai, a := range d.Arms {
				d.Runs = append(d.Runs, fixtureRun(t, rng, w, a, block, wi*len(d.Arms)+ai+1, scale[ai]*(0.9+0.2*rng.Float64()), uint64(ai)))
			}
		}
	}
	return d
}

func fixtureRun(t testing.TB, rng *rand.Rand, w workload.Workload, a result.ArmInfo, block, order int, scale float64, weight uint64) result.Run {
	t.Helper()
	histogram := func(n int, scale float64) result.Histogram {
		h := result.NewHDR()
		for range n {
			v := scale * math.Exp(rng.NormFloat64()*0.4)
			if a.Arm.Transport == "polling" {
				v = scale * 2 * rng.Float64()
			}
			if err := h.RecordValue(int64(v) + 1); err != nil {
				t.Fatal(err)
			}
		}
		out, err := result.FromHDR(h, 0)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	r := result.Run{Block: block, Order: order, Workload: w.Name, Arm: a.Arm, Elapsed: 5 * time.Second, Window: 5 * time.Second,
		Started:     time.Date(2026, 1, 2, 3, 4, block, order, time.UTC),
		Connections: result.Connections{Clients: w.Clients, Publishers: w.Publishers, Dial: histogram(50, 3e5)},
		Driver:      result.Process{CPU: 400 * time.Millisecond}, Noise: result.Noise{Timer: histogram(500, 6e4)}, Lateness: histogram(250, 2e4)}
	r.Server = &result.Process{CPU: time.Duration(50e6 * (1 + 4/float64(weight+1)) * (0.95 + 0.1*rng.Float64())), Idle: 2 * time.Millisecond,
		Before: result.Footprint{RSS: 20 << 20}, Connected: result.Footprint{RSS: 20<<20 + uint64(w.Clients)*(6000+5000*weight)}}
	if a.Floor {
		r.Server = nil
	}
	r.Bytes = &result.Bytes{PerMinute: &result.Pair{Up: 4800, Down: 7680}}
	if w.Kind == workload.Idle {
		return r
	}
	sent := uint64(250)
	r.Accounting = result.Accounting{Scheduled: sent, Sent: sent, Acked: sent}
	r.Ack = histogram(int(sent), scale/3)
	if w.Kind.Delivers() {
		r.Accounting.Expected = sent * uint64(w.Clients)
		r.Accounting.Delivered = r.Accounting.Expected
		r.Delivery, r.Uncorrected = histogram(5000, scale), histogram(5000, scale*0.98)
		r.Age = &result.Age{Mean: time.Duration(scale), Peak: histogram(100, scale*2)}
	}
	n := r.Accounting.Messages()
	r.Bytes.Steady = result.Traffic{
		Up:   result.Layers{Payload: 64 * sent, Envelope: 16 * sent, Framing: 6 * sent, Headers: 400 * n / (weight*weight*9 + 1)},
		Down: result.Layers{Payload: 64 * n, Envelope: 12 * n, Framing: 2 * n, Headers: 300 * n / (weight*weight*9 + 1)},
	}
	return r
}
