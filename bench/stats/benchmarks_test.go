package stats

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

func TestWriteBenchmarksIsReadByBenchfmt(t *testing.T) {
	arm := result.Arm{Transport: "longpoll", Carrier: "h2c", Net: "loopback"}
	d := &result.Document{
		Environment: result.Environment{OS: "linux", CPU: "some CPU"},
		Workloads:   []workload.Workload{workload.Workload{Name: "build-log", Kind: workload.Fanout, Clients: 20}.WithDefaults()},
		Runs: []result.Run{
			{Workload: "build-log", Arm: arm, Elapsed: time.Second, Accounting: result.Accounting{Expected: 30, Delivered: 30},
				Delivery: result.Histogram{Count: 30, P50: 1500}},
			{Workload: "build-log", Arm: arm, Error: "lost", Delivery: result.Histogram{Count: 30, P50: 99}},
		},
	}
	var b bytes.Buffer
	if err := WriteBenchmarks(&b, d); err != nil {
		t.Fatal(err)
	}
	r := benchfmt.NewReader(&b, "out")
	results := 0
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			results++
			if got, want := rec.Name.String(), "BuildLog/transport=longpoll/carrier=h2c/clients=20/size=64"; got != want {
				t.Errorf("name %q, want %q", got, want)
			}
			if p50, ok := rec.Value("p50-sec"); !ok || p50 != 1500e-9 || rec.Iters != 30 {
				t.Errorf("p50 %v, iterations %d", p50, rec.Iters)
			}
			if rec.GetConfig("goos") != "linux" || rec.GetConfig("cpu") != "some CPU" {
				t.Errorf("config %+v", rec.Config)
			}
		case *benchfmt.SyntaxError:
			t.Error(rec)
		}
	}
	if results != 1 {
		t.Errorf("%d results, want the one that did not fail", results)
	}
	units := r.Units()
	if units.GetBetter("msgs/s") != 1 || units.GetBetter("p50-sec") != -1 || units.GetAssumption("wire-B/msg").SummaryLabel() == units.GetAssumption("p50-sec").SummaryLabel() {
		t.Errorf("units %v", units)
	}
	if strings.Contains(d.Runs[0].Workload, " ") {
		t.Error("names must not contain spaces")
	}
}

func TestNamesCarryTheDimensionsThatAnArmHas(t *testing.T) {
	w := workload.Workload{Name: "push-1kib", Kind: workload.Push, Clients: 10, Size: 1024}.WithDefaults()
	nets := []result.Net{{Name: "4g", RTT: 60 * time.Millisecond}, {Name: "rtt=80ms,loss=1%", RTT: 80 * time.Millisecond}}
	for want, a := range map[string]result.Arm{
		"Push1kib/transport=ajax/carrier=h1/clients=10/size=1024":                                             {Transport: "ajax", Carrier: "h1", Net: "loopback"},
		"Push1kib/transport=ajax/carrier=h2/net=4g/rtt=60ms/clients=10/size=1024":                             {Transport: "ajax", Carrier: "h2", Net: "4g"},
		"Push1kib/transport=ajax/carrier=h1/net=lan/clients=10/size=1024":                                     {Transport: "ajax", Carrier: "h1", Net: "lan"},
		"Push1kib/transport=ajax/carrier=h1/rtt=80ms/loss=1%/interval=100ms/proxy=nginx/clients=10/size=1024": {Transport: "ajax", Carrier: "h1", Net: "rtt=80ms,loss=1%", Variant: "interval=100ms,proxy=nginx"},
	} {
		if got := Name(w, a, nets...); got != want {
			t.Errorf("%s is named %q, want %q", a, got, want)
		}
	}
}
