package result

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMetricsOfARun(t *testing.T) {
	r := Run{
		Elapsed:    2 * time.Second,
		Accounting: Accounting{Expected: 100, Delivered: 100, Acked: 10},
		Delivery:   Histogram{Count: 10_000, P50: 3, P90: 4, P99: 5, P999: 6},
		Bytes:      &Bytes{Steady: Traffic{Up: Layers{Payload: 640, Headers: 360}, Down: Layers{Payload: 6400, TLS: 600}}},
		Server: &Process{CPU: 3000, Idle: 1000, Voluntary: 40, Involuntary: 10,
			Before: Footprint{RSS: 1000, Goroutines: 5}, Connected: Footprint{RSS: 9000, Goroutines: 13}},
		Connections: Connections{Clients: 3, Publishers: 1},
	}
	for name, want := range map[string]float64{
		"p50-ns": 3, "p90-ns": 4, "p99-ns": 5, "p999-ns": 6, "msgs/s": 50, "wire-B/msg": 80, "up-B/msg": 10, "down-B/msg": 70,
		"cpu-ns/msg": 20, "switches/msg": 0.5,
	} {
		m, ok := FindMetric(name)
		if !ok {
			t.Errorf("no metric %s", name)
			continue
		}
		if got, ok := m.Value(r); !ok || got != want {
			t.Errorf("%s is %v, %v; want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"ack-p50-ns", "age-ns", "catchup-p50-ns", "idle-B/min", "idle-cpu-ns/conn/s", "B/conn", "goroutines/conn"} {
		m, _ := FindMetric(name)
		if got, ok := m.Value(r); ok {
			t.Errorf("%s is %v of a run that has none", name, got)
		}
	}
}

func TestMetricsOfAnIdleRun(t *testing.T) {
	r := Run{
		Elapsed: 2 * time.Second,
		Bytes:   &Bytes{PerMinute: &Pair{Up: 3, Down: 4}},
		Server: &Process{CPU: 900, Idle: 100, Before: Footprint{RSS: 1000, Goroutines: 5},
			Connected: Footprint{RSS: 9000, Goroutines: 13}},
		Connections: Connections{Clients: 4},
	}
	for name, want := range map[string]float64{"B/conn": 2000, "goroutines/conn": 2, "idle-B/min": 7, "idle-cpu-ns/conn/s": 100} {
		m, _ := FindMetric(name)
		if got, ok := m.Value(r); !ok || got != want {
			t.Errorf("%s is %v, %v; want %v", name, got, ok, want)
		}
	}
}

func TestMetricsAreWithheldFromUnfitRuns(t *testing.T) {
	has := func(r Run, name string) bool {
		m, _ := FindMetric(name)
		_, ok := m.Value(r)
		return ok
	}
	r := Run{Delivery: Histogram{Count: 1000, P50: 1, P99: 1}, Unfit: []Unfit{{For: ForTail}}}
	if !has(r, "p50-ns") || has(r, "p99-ns") {
		t.Error("a run unfit for tails must keep its median and lose its p99")
	}
	r.Unfit = []Unfit{{For: ForAll}}
	if has(r, "p50-ns") {
		t.Error("a run unfit for all keeps its median")
	}
	if r = (Run{Delivery: r.Delivery, Error: "lost"}); has(r, "p50-ns") {
		t.Error("a failed run keeps its median")
	}
}

func TestPercentilesNeedSamplesBeyondThem(t *testing.T) {
	for percentile, want := range map[float64]uint64{50: 1, 90: 100, 95: 200, 99: 1000, 99.9: 10_000} {
		if got := Needed(percentile); got != want {
			t.Errorf("p%v needs %d samples, want %d", percentile, got, want)
		}
	}
	for _, c := range []struct {
		count uint64
		has   []string
	}{
		{0, nil}, {1, []string{"p50-ns"}}, {99, []string{"p50-ns"}}, {100, []string{"p50-ns", "p90-ns"}}, {999, []string{"p50-ns", "p90-ns"}},
		{1000, []string{"p50-ns", "p90-ns", "p99-ns"}}, {10_000, []string{"p50-ns", "p90-ns", "p99-ns", "p999-ns"}},
	} {
		r := Run{Delivery: Histogram{Count: c.count, P50: 1, P90: 1, P99: 1, P999: 1}}
		for _, name := range []string{"p50-ns", "p90-ns", "p99-ns", "p999-ns"} {
			m, _ := FindMetric(name)
			_, got := m.Value(r)
			if want := slices.Contains(c.has, name); got != want || (m.Refused(r) != "") != (c.count > 0 && !want) {
				t.Errorf("%d deliveries: %s is there %v, refused for %q", c.count, name, got, m.Refused(r))
			}
		}
	}
	m, _ := FindMetric("p99-ns")
	if got, want := m.Refused(Run{Delivery: Histogram{Count: 160}}), "p99 needs 1000 samples in a run, 10 beyond it; there were 160"; got != want {
		t.Errorf("the reason is %q, want %q", got, want)
	}
}

func TestMetricsAreExplainedAndUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Metrics() {
		if m.Title == "" || m.Unit == "" || !strings.HasSuffix(m.Explain, ".") || strings.Contains(m.Name, " ") || seen[m.Name] {
			t.Errorf("metric %+v", m)
		}
		seen[m.Name] = true
	}
}

func TestCSVHasARowPerRun(t *testing.T) {
	d := sample(t)
	d.Runs[0].Error, d.Runs[0].Unfit = "", nil
	var b bytes.Buffer
	if err := d.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows, want a head and a run", len(rows))
	}
	for i, name := range rows[0] {
		if want := map[string]string{"workload": "push", "lost": "8", "p50-ns": "2000895"}[name]; want != "" && rows[1][i] != want {
			t.Errorf("%s is %q, want %q", name, rows[1][i], want)
		}
	}
}
