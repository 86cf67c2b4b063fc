package compare

import (
	"slices"
	"strings"
	"testing"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/threshold"
)

func limits(t *testing.T, texts ...string) []threshold.Threshold {
	t.Helper()
	var list []threshold.Threshold
	for _, text := range texts {
		l, err := threshold.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

func find(t *testing.T, c *Comparison, transport, metric string) Cell {
	t.Helper()
	i := slices.IndexFunc(c.Cells, func(c Cell) bool { return c.Arm.Arm.Transport == transport && c.Metric.Name == metric })
	if i < 0 {
		t.Fatalf("no cell for %s of %s", metric, transport)
	}
	return c.Cells[i]
}

func compare(t *testing.T, was, now *result.Document, o Options) *Comparison {
	t.Helper()
	c, err := Documents(was, now, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChangesAreFoundAndNothingElse(t *testing.T) {
	was := document(t, 1, 8, nil)
	c := compare(t, was, document(t, 3, 8, map[string]change{"websocket": {1.3, 1.5, 1}, "longpoll": {0.8, 1, 1}}), Options{Thresholds: limits(t, "not worse than baseline by 10%")})
	if p50 := find(t, c, "websocket", "p50-ns"); !p50.Worse() || p50.Better() || p50.Broken == "" || !(p50.Ratio.Lo > 1.2 && p50.Ratio.Hi < 1.4) || p50.Adjusted < p50.P {
		t.Errorf("a third slower: %+v", p50)
	}
	if p50 := find(t, c, "longpoll", "p50-ns"); p50.Worse() || !p50.Better() || p50.Broken != "" {
		t.Errorf("a fifth faster: %+v", p50)
	}
	if wire := find(t, c, "websocket", "wire-B/msg"); !wire.Exact || !wire.Worse() || wire.Broken != "" {
		t.Errorf("3 %% more bytes, which break no threshold of 10 %%: %+v", wire)
	}
	if wire := find(t, c, "longpoll", "wire-B/msg"); !wire.Exact || wire.Verdict != stats.Equivalent {
		t.Errorf("the same bytes: %+v", wire)
	}
	for _, transport := range []string{"websocket", "longpoll"} {
		if cpu := find(t, c, transport, "cpu-ns/msg"); cpu.Worse() || cpu.Better() {
			t.Errorf("nothing changed: %+v", cpu)
		}
	}
	if len(c.Broken) != 2 || !strings.Contains(c.Broken[0], "push: websocket has 1.28 times the p50-ns") { // p50 and p99
		t.Errorf("broken: %q", c.Broken)
	}
	if same := compare(t, was, document(t, 2, 8, nil), Options{Thresholds: limits(t, "not worse than baseline by 5%")}); len(same.Broken)+len(same.Warnings) > 0 {
		t.Errorf("nothing changed, but %q, %q", same.Broken, same.Warnings)
	}
}

// Over many comparisons of the same with itself, a change may be found in a share of Alpha of them at most.
func TestNothingIsFoundBetweenTheSame(t *testing.T) {
	found := 0
	const times = 30
	for seed := range uint64(times) {
		c := compare(t, document(t, 100+2*seed, 8, nil), document(t, 101+2*seed, 8, nil), Options{Margin: -1})
		if slices.ContainsFunc(c.Cells, func(c Cell) bool { return c.Worse() || c.Better() }) {
			found++
		}
	}
	if found > 5 { // binomial with 5 %: more than 5 of 30 in 3 of 1,000 times
		t.Errorf("a change in %d of %d comparisons of the same", found, times)
	}
}

func TestWhatIsNotComparableIsRefused(t *testing.T) {
	was := document(t, 1, 8, nil)
	for what, break_ := range map[string]func(*result.Document){
		"the store was redis and is miniredis": func(d *result.Document) { d.Store.Kind = "miniredis" },
		"the machine was":                      func(d *result.Document) { d.Environment.CPU = "Another" },
		"interval was 250ms and is 1":          func(d *result.Document) { d.Options.Interval = 1 },
		"asks something else: rate was 200":    func(d *result.Document) { d.Workloads[0].Rate = 100 },
	} {
		now := document(t, 1, 8, nil)
		break_(now)
		if _, err := Documents(was, now, Options{}); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "--force") {
			t.Errorf("%v, want %q", err, what)
		}
		if c := compare(t, was, now, Options{Force: true}); len(c.Warnings) == 0 || !strings.Contains(c.Warnings[0], what) {
			t.Errorf("forced: %q, want a warning of %q", c.Warnings, what)
		}
	}
	now := document(t, 1, 8, nil)
	now.Workloads[0].Thresholds, now.Workloads[0].Explain = []string{"p99<20ms"}, "Other words."
	now.Environment.Go, now.Store.Version = "go1.27", "8.0"
	if c := compare(t, was, now, Options{}); len(c.Warnings) != 2 {
		t.Errorf("another Go and Redis: %q", c.Warnings)
	}
	now.Runs = nil
	if _, err := Documents(was, now, Options{}); err == nil || !strings.Contains(err.Error(), "nothing to compare") {
		t.Errorf("no runs: %v", err)
	}
}

func TestTooFewRunsProveNothing(t *testing.T) {
	few := compare(t, document(t, 1, 3, nil), document(t, 3, 8, map[string]change{"websocket": {3, 1, 1}}), Options{})
	if p50 := find(t, few, "websocket", "p50-ns"); p50.Verdict != stats.TooSmall || len(few.Broken) > 0 {
		t.Errorf("three runs: %+v, %q", p50, few.Broken)
	}
	if !strings.Contains(strings.Join(few.Warnings, " "), "fewer than 6 runs") {
		t.Errorf("warnings: %q", few.Warnings)
	}
	asked := compare(t, document(t, 1, 3, nil), document(t, 3, 8, nil), Options{Thresholds: limits(t, "p50<+10%")})
	if len(asked.Broken) != 2 || !strings.Contains(asked.Broken[0], "3 then, where 6 are needed") {
		t.Errorf("a threshold that cannot be judged: %q", asked.Broken)
	}
	all := result.Metrics()
	weak := compare(t, document(t, 1, 6, nil), document(t, 3, 6, map[string]change{"websocket": {3, 1, 1}}), Options{Metrics: all})
	if !strings.Contains(strings.Join(weak.Warnings, " "), "or measure 7 runs") {
		t.Errorf("six runs of many figures: %q", weak.Warnings)
	}
}

func TestThresholdsOfWorkloadsAndFlags(t *testing.T) {
	was, now := document(t, 1, 8, nil), document(t, 3, 8, map[string]change{"websocket": {1.3, 1, 1}})
	now.Workloads[0].Thresholds = []string{"p50 not worse than baseline by 5%", "p99<1ns"} // the second is the report's
	c := compare(t, was, now, Options{})
	if len(c.Broken) != 1 || !strings.Contains(c.Broken[0], "p50 not worse") {
		t.Errorf("of the workload: %q", c.Broken)
	}
	now.Workloads[0].Thresholds = nil
	c = compare(t, was, now, Options{Thresholds: limits(t, "age<+5%", "p50<1ms", "p50<=+50%")})
	if len(c.Broken) != 3 || !strings.Contains(strings.Join(c.Broken, "; "), "no figure can be held against the threshold age<+5%") || !strings.Contains(strings.Join(c.Broken, "; "), "websocket oversteps the threshold p50<1ms with 1.033ms") {
		t.Errorf("of flags: %q", c.Broken)
	}
	now.Workloads[0].Thresholds = []string{"p98<1ms"}
	if _, err := Documents(was, now, Options{}); err == nil || !strings.Contains(err.Error(), "p98") {
		t.Errorf("a threshold that cannot be read: %v", err)
	}
}

func TestAMachineThatChangedShowsAtTheFloor(t *testing.T) {
	c := compare(t, document(t, 1, 8, nil), document(t, 3, 8, map[string]change{"websocket": {1.5, 1, 1}, "longpoll": {1.5, 1, 1}, "tcp": {1.5, 1, 1}}), Options{})
	if !strings.Contains(strings.Join(c.Warnings, " "), "the machine itself changed: the floor tcp has 1.5") {
		t.Errorf("warnings: %q", c.Warnings)
	}
	if slices.ContainsFunc(c.Broken, func(s string) bool { return strings.Contains(s, "tcp") }) {
		t.Errorf("a floor breaks a threshold: %q", c.Broken)
	}
}
