package model

import (
	"strings"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

func document() *result.Document {
	h1 := result.Arm{Transport: "websocket", Carrier: "h1", Net: "loopback"}
	run := result.Run{Workload: "push", Arm: h1, Elapsed: 4 * time.Second, Connections: result.Connections{Clients: 10, Publishers: 10},
		Accounting: result.Accounting{Acked: 800, Delivered: 800, Expected: 800}, Delivery: result.Histogram{Count: 800, P50: 2 * time.Millisecond},
		Server: &result.Process{CPU: 450 * time.Millisecond, Idle: 50 * time.Millisecond, Before: result.Footprint{RSS: 20e6}, After: result.Footprint{RSS: 23e6}},
		Bytes:  &result.Bytes{Steady: result.Traffic{Up: result.Layers{Payload: 4000}, Down: result.Layers{Payload: 8000}}}}
	return &result.Document{
		Environment: result.Environment{CPU: "A", Cores: 2}, Store: result.Store{Kind: "redis"},
		Workloads: []workload.Workload{
			workload.Workload{Name: "push", Kind: workload.Push, Clients: 10, Rate: 200, Warmup: workload.Duration(time.Second)}.WithDefaults(),
			workload.Workload{Name: "rtt", Kind: workload.RTT}.WithDefaults(),
		},
		Arms: []result.ArmInfo{{Arm: h1, Push: true}, {Arm: result.Arm{Transport: "tcp", Carrier: "h1", Net: "loopback"}, Floor: true}},
		Runs: []result.Run{run},
	}
}

func TestObservationsAreWhatRunsSay(t *testing.T) {
	o, err := Observe(document())
	if err != nil {
		t.Fatal(err)
	}
	each := o.Observations[0]
	if len(o.Arms) != 1 || each.Clients != 10 || each.Topics != 10 || each.Lasted != 5 || each.Sends != 200 || each.Deliveries != 200 ||
		*each.CPU != 0.1 || *each.Memory != 3e6 || *each.Up != 1000 || *each.Down != 2000 || *each.P50 != 0.002 || each.P99 != nil {
		t.Errorf("%+v", each)
	}
}

// Runs that say nothing of steady costs on a plain connection must not enter a model.
func TestRunsThatSayNothingAreLeftOut(t *testing.T) {
	for what, spoil := range map[string]func(*result.Run){
		"failed":         func(r *result.Run) { r.Error = "lost" },
		"unfit":          func(r *result.Run) { r.Unfit = []result.Unfit{{For: result.ForAll}} },
		"closed loop":    func(r *result.Run) { r.Workload = "rtt" },
		"TLS":            func(r *result.Run) { r.Arm.Carrier = "h1tls" },
		"network":        func(r *result.Run) { r.Arm.Net = "lan" },
		"no time left":   func(r *result.Run) { r.Driver.CPU = 7 * time.Second },
		"nothing lasted": func(r *result.Run) { r.Elapsed = 0 },
	} {
		d := document()
		spoil(&d.Runs[0])
		if _, err := Observe(d); err == nil || !strings.Contains(err.Error(), "no run") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, spoil := range map[string]func(*result.Document){
		"two machines": func(d *result.Document) { d.Environment.CPU = "B" },
		"two stores":   func(d *result.Document) { d.Store.Kind = "memory" },
		"two sets of":  func(d *result.Document) { d.Options.Interval = time.Second },
	} {
		d := document()
		spoil(d)
		if _, err := Observe(document(), d); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Observe(); err == nil {
		t.Error("nothing is a measurement")
	}
}
