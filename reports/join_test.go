package reports

import (
	"strings"
	"testing"

	"transportlab/bench/result"
)

func TestJoinKeepsRunsOfBothApart(t *testing.T) {
	a, b := fixture(t, 2), fixture(t, 3)
	d, err := Join([]*result.Document{a, b}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	if d.Blocks != 5 || len(d.Runs) != len(a.Runs)+len(b.Runs) || d.Runs[len(d.Runs)-1].Block != 5 {
		t.Errorf("%d blocks and %d runs, the last in block %d", d.Blocks, len(d.Runs), d.Runs[len(d.Runs)-1].Block)
	}
	a, b = full(t), full(t)
	b.Findings[0].ID = "another"
	b.Capacity = &result.Capacity{Rate: 1000}
	if d, err = Join([]*result.Document{a, b}, false); err != nil {
		t.Fatal(err)
	}
	if len(d.Knees) != 2*len(a.Knees) || len(d.Scalings) != 2*len(a.Scalings) || len(d.Findings) != len(a.Findings)+1 || d.Capacity.Rate != 1000 || a.Capacity.Rate == 1000 {
		t.Errorf("%d knees, %d scalings, %d findings, capacity %+v", len(d.Knees), len(d.Scalings), len(d.Findings), d.Capacity)
	}
	a, b = fixture(t, 2), fixture(t, 3)
	if d, err = Join([]*result.Document{a, b}, false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.Partial, "did not take turns") {
		t.Errorf("the joined document says %q", d.Partial)
	}
	if a.Blocks != 2 || a.Partial != "" {
		t.Error("the first document was changed")
	}
}

func TestJoinRefusesWhatCannotBeCompared(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*result.Document)
	}{
		{"another store", "the store is embedded miniredis", func(d *result.Document) { d.Store.Kind = "embedded miniredis" }},
		{"other options", "options", func(d *result.Document) { d.Options.Batch = 1 }},
		{"another machine", "machine", func(d *result.Document) { d.Environment.Cores = 64 }},
		{"another workload", "fanout", func(d *result.Document) { d.Workloads[0].Clients = 1 }},
	} {
		a, b := fixture(t, 1), fixture(t, 1)
		c.change(b)
		if _, err := Join([]*result.Document{a, b}, false); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error about %q", c.name, err, c.want)
		}
		if _, err := Join([]*result.Document{a, b}, true); err != nil {
			t.Errorf("%s, forced: %v", c.name, err)
		}
	}
}

func TestBrokenPromisesHeadTheReport(t *testing.T) {
	d := fixture(t, 1)
	d.Runs[0].Accounting.Lost = 1234
	d.Calibration = []result.Check{{Name: "delay", Unit: "ms", Truth: 5, Read: 7, Tolerance: 0.1}}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Broken()) != 2 || len(r.Alarms) != 2 || !strings.HasPrefix(r.Alarms[0], "Calibration failed") || !strings.Contains(r.Alarms[1], "1,234 messages were lost") {
		t.Errorf("broken %q, alarms %q", r.Broken(), r.Alarms)
	}
	if r := prepared(t, 1); len(r.Broken()) != 0 {
		t.Errorf("a sound document breaks %q", r.Broken())
	}
}

func TestTooManyArmsAreRefused(t *testing.T) {
	d := fixture(t, 1)
	for len(d.Arms) <= maxArms {
		d.Arms = append(d.Arms, d.Arms[0])
	}
	if _, err := New(d); err == nil {
		t.Error("a document with more arms than a page can show is taken")
	}
}

func TestFiguresAreReadable(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 950: "950 ns", 1234: "1.23 µs", 999_499: "999 µs", 999_600: "1.00 ms", 12_345_678: "12.3 ms", 1.5e9: "1.50 s", 6e11: "600 s"} {
		if got := duration(v); got != want {
			t.Errorf("duration(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 B", 66: "66 B", 97.76: "97.8 B", 9999: "9,999 B", 12_500: "12.5 kB", 8.59e9: "8.59 GB"} {
		if got := size(v); got != want {
			t.Errorf("size(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0.012345: "0.0123", 5000: "5,000", 123456: "123,000", -2.5: "-2.50"} {
		if got := significant(v); got != want {
			t.Errorf("significant(%v) = %q, want %q", v, got, want)
		}
	}
	if got := between("657 µs", "745 µs"); got != "657–745 µs" {
		t.Errorf("between gives %q", got)
	}
	if got := between("957 µs", "1.02 ms"); got != "957 µs – 1.02 ms" {
		t.Errorf("between gives %q", got)
	}
	if got := plusMinus(2.314, 0.1); got != "2.31 ± 0.10" {
		t.Errorf("plusMinus gives %q", got)
	}
}
