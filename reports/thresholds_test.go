package reports

import (
	"slices"
	"strings"
	"testing"

	"transportlab/bench/workload"
)

func TestThresholdsAreReadInTheUnitsOfTheirMetric(t *testing.T) {
	for text, want := range map[string]float64{
		"p99-ns<20ms": 20e6, "p99-ns<=500µs": 5e5, "p50-ns<1000": 1000, "wire-B/msg<200": 200, "B/conn<8kB": 8000,
		"B/conn<8KiB": 8192, "msgs/s>=1000/s": 1000, "switches/msg<0.5": 0.5, "idle-cpu-ns/conn/s<10us": 1e4,
	} {
		got, err := parseThreshold(text)
		if err != nil || got.limit != want {
			t.Errorf("%s: limit %v, %v; want %v", text, got.limit, err, want)
		}
	}
	for text, want := range map[string]string{
		"p99<20ms": "choose from p50-ns", "p99-ns<20kB": "unit", "wire-B/msg<2ms": `"ms" is no unit`, "p99-ns=3": "as in", "msgs/s>1.2.3": "1.2.3",
	} {
		if _, err := parseThreshold(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
		w := []workload.Workload{{Name: "w", Thresholds: []string{text}}}
		if err := CheckThresholds(w); err == nil || !strings.Contains(err.Error(), "workload w") {
			t.Errorf("%s: %v, want an error that names the workload", text, err)
		}
	}
}

func TestOversteppedThresholdsBreakTheReport(t *testing.T) {
	d := fixture(t, 2)
	d.Workloads[0].Thresholds = []string{"p50-ns<100ms", "wire-B/msg>1", "catchup-p50-ns<1s"}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	broken := r.Broken()
	if len(broken) != 4 || !slices.ContainsFunc(broken, func(s string) bool {
		return strings.HasPrefix(s, "fanout: Polling oversteps the threshold p50-ns<100ms with 2")
	}) {
		t.Errorf("broken %q, want polling's p50 and three missing catch-ups", broken)
	}
	if len(r.Alarms) != 4 {
		t.Errorf("alarms %q", r.Alarms)
	}
}
