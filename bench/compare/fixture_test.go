package compare

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

var update = flag.Bool("update", false, "write the documents that the command's tests compare")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// change says by how much an arm's figures are multiplied.
type change struct{ latency, bytes, cpu float64 }

// document is a measurement of two arms and a floor whose figures never change but for what is asked.
func document(t testing.TB, seed uint64, runs int, changes map[string]change) *result.Document {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	d := &result.Document{
		Format: result.Format, Version: result.Version, Title: "Two transports", Blocks: runs,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Finished: time.Date(2026, 1, 2, 3, 6, 5, 0, time.UTC),
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPU: "Example CPU 3000", Cores: 2, Go: "go1.26.8", GOMAXPROCS: 2, Kernel: "6.1.0"},
		Store:       result.Store{Kind: "redis", Version: "7.0.15"},
		Options:     result.Options{Interval: 250 * time.Millisecond, Hold: 25 * time.Second, Batch: 256},
		Workloads:   []workload.Workload{workload.Workload{Name: "push", Kind: workload.Push, Clients: 10, Rate: 200}.WithDefaults()},
		Arms: []result.ArmInfo{
			{Arm: result.Arm{Transport: "longpoll", Carrier: "h1", Net: "loopback"}, Title: "Long polling", Push: true},
			{Arm: result.Arm{Transport: "websocket", Carrier: "h1", Net: "loopback"}, Title: "WebSocket", Push: true},
			{Arm: result.Arm{Transport: "tcp", Carrier: "h1", Net: "loopback"}, Title: "Raw TCP", Push: true, Floor: true},
		},
	}
	for block := range runs {
		for i, a := range d.Arms {
			c, ok := changes[a.Arm.Transport]
			if !ok {
				c = change{1, 1, 1}
			}
			noise := func() float64 { return 0.97 + 0.06*rng.Float64() }
			h := result.NewHDR()
			scale := c.latency * noise() * float64(3-i) * 400e3
			for j := range 1000 {
				if err := h.RecordValue(int64(scale * (0.5 + float64(j)/1000))); err != nil {
					t.Fatal(err)
				}
			}
			latencies, err := result.FromHDR(h, 0)
			if err != nil {
				t.Fatal(err)
			}
			d.Runs = append(d.Runs, result.Run{
				Block: block + 1, Order: i + 1, Workload: "push", Arm: a.Arm, Elapsed: 5 * time.Second, Window: 5 * time.Second,
				Started:    time.Date(2026, 1, 2, 3, 4, block, i, time.UTC),
				Accounting: result.Accounting{Scheduled: 1000, Sent: 1000, Acked: 1000, Expected: 1000, Delivered: 1000},
				Delivery:   latencies, Uncorrected: latencies,
				Bytes:       &result.Bytes{Steady: result.Traffic{Down: result.Layers{Payload: 64000, Framing: uint64(c.bytes * float64(2000*(3-i)))}}},
				Server:      &result.Process{CPU: time.Duration(c.cpu * noise() * float64(3-i) * 30e6)},
				Connections: result.Connections{Clients: 10, Publishers: 10},
			})
		}
	}
	return d
}

// The command's tests compare these files; they must be what document makes.
func TestDocumentsOfTheCommandsTests(t *testing.T) {
	for name, d := range map[string]*result.Document{
		"old.json":   document(t, 1, 8, nil),
		"same.json":  document(t, 2, 8, nil),
		"worse.json": document(t, 3, 8, map[string]change{"websocket": {1.3, 1.5, 1}, "longpoll": {0.8, 1, 1}}),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := d.WriteFile(path); err != nil {
				t.Fatal(err)
			}
		}
		fresh := filepath.Join(t.TempDir(), name)
		if err := d.WriteFile(fresh); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(fresh)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s differs from what it is made of: go test ./bench/compare -update (%v)", path, err)
		}
	}
}
