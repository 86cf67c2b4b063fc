package reports

import (
	"slices"
	"strings"
	"testing"
)

func TestOversteppedThresholdsBreakTheReport(t *testing.T) {
	d := fixture(t, 2)
	d.Workloads[0].Thresholds = []string{"p50<100ms", "wireB/msg>1", "catchup-p50-ns<1s", "not worse than baseline by 5%"}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	broken := r.Broken()
	if len(broken) != 4 || !slices.ContainsFunc(broken, func(s string) bool {
		return strings.HasPrefix(s, "fanout: Polling oversteps the threshold p50<100ms with 2")
	}) {
		t.Errorf("broken %q, want polling's p50 and three missing catch-ups", broken)
	}
	for _, b := range broken {
		if !slices.ContainsFunc(r.Alarms, func(a string) bool { return strings.EqualFold(a, b+".") }) {
			t.Errorf("no alarm says %q: %q", b, r.Alarms)
		}
	}
}

func TestABaselineIsWhatThresholdsAreHeldAgainst(t *testing.T) {
	d, was := fixture(t, 6), fixture(t, 6)
	d.Workloads[0].Thresholds = []string{"wire-B/msg not worse than baseline by 5%"}
	for i := range d.Runs {
		if r := &d.Runs[i]; r.Workload == "fanout" && r.Arm.Transport == "websocket" {
			more := *r.Bytes
			more.Steady.Down.Framing *= 20
			r.Bytes = &more
		}
	}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	broken := r.Against(was)
	if len(broken) != 1 || !strings.HasPrefix(broken[0], "fanout: websocket has 1.") || !strings.HasPrefix(r.Alarms[0], "Fanout: websocket has") {
		t.Errorf("broken %q, alarms %q", broken, r.Alarms)
	}
	was.Store.Kind = "memory"
	if broken := r.Against(was); len(broken) != 1 || !strings.Contains(broken[0], "cannot be held against the baseline") {
		t.Errorf("another store: %q", broken)
	}
	d.Workloads[0].Thresholds = nil
	if broken := r.Against(was); len(broken) != 0 {
		t.Errorf("nothing asked: %q", broken)
	}
}
