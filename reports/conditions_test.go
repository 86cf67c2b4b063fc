package reports

import (
	"slices"
	"strings"
	"testing"

	"transportlab/bench/result"
)

func sectionNamed(t *testing.T, r *Report, name string) Section {
	t.Helper()
	i := slices.IndexFunc(r.Sections, func(s Section) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no section %q", name)
	}
	return r.Sections[i]
}

func TestArmsUnderDifferentConditionsAreNotRanked(t *testing.T) {
	r := wholeReport(t)
	for name, want := range map[string]int{"fanout": 6, "fanout · broadband": 2, "fanout · 4g": 1, "fanout · proxy nginx": 1, "fanout · proxy nginx-ignoring": 1} {
		s := sectionNamed(t, r, name)
		if len(s.Rows) != want {
			t.Errorf("%s has %d rows, want %d", name, len(s.Rows), want)
		}
		for _, row := range s.Rows {
			if strings.Contains(row.Arm.Short, "broadband") || strings.Contains(row.Arm.Short, "proxy") {
				t.Errorf("%s: the arm is called %q beside its own condition", name, row.Arm.Short)
			}
		}
	}
}

// The reference is the arm of that name under the same condition.
func TestReferenceIsFoundUnderEveryCondition(t *testing.T) {
	d := full(t)
	d.Reference = "polling"
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range sectionNamed(t, r, "fanout · broadband").Rows {
		if got := row.Relative == "1 (reference)"; got != (row.Arm.ArmInfo.Arm.Transport == "polling") {
			t.Errorf("%s compares as %q", row.Arm.Short, row.Relative)
		}
	}
}

func TestWhatAnEmulatorCannotDoStandsInEveryRow(t *testing.T) {
	s := sectionNamed(t, wholeReport(t), "fanout · 4g")
	for _, table := range []Table{s.table("", latencyColumns(s.Workload.Kind), true), s.table("", costMetrics, false)} {
		for _, row := range table.Rows {
			if n := row.Cells[0].Note; n == 0 || !strings.Contains(table.Notes[n-1], "no slow start") {
				t.Errorf("the row of %s has the footnote %d of %q", row.Cells[0].Text, n, table.Notes)
			}
		}
	}
}

func TestFloorsAreSubtracted(t *testing.T) {
	s := sectionNamed(t, wholeReport(t), "fanout")
	floor, arm := s.floor(), s.Rows[0]
	if floor == nil || arm.Arm.Floor {
		t.Fatal("no floor, or it comes first")
	}
	want := "+" + duration(arm.cell("p50-ns").Median-floor.cell("p50-ns").Median) + " over floor"
	var table Table
	if e := s.entry(&table, arm, "p50-ns"); !slices.Contains(e.Small, want) {
		t.Errorf("the cell holds %q, want %q", e.Small, want)
	}
	if e := s.entry(&table, *floor, "p50-ns"); len(e.Small) > 1 {
		t.Errorf("the floor's own cell holds %q", e.Small)
	}
	if e := s.entry(&table, arm, "msgs/s"); slices.ContainsFunc(e.Small, func(line string) bool { return strings.Contains(line, "floor") }) {
		t.Errorf("a rate is compared with the floor: %q", e.Small)
	}
	if s := sectionNamed(t, wholeReport(t), "fanout · broadband"); s.floor() != nil {
		t.Error("a floor of another network is used")
	}
}

func TestAMissingFigureSaysWhy(t *testing.T) {
	d := full(t)
	for i := range d.Runs {
		r := &d.Runs[i]
		switch {
		case r.Workload != "fanout":
		case r.Arm.Transport == "longpoll":
			r.Unfit = []result.Unfit{{For: result.ForTail, Reason: "timers were late"}}
		case r.Arm.Transport == "null":
			r.Error = "it fell over"
		case r.Arm.Transport == "websocket" && r.Block > 2:
			r.Unfit = []result.Unfit{{For: result.ForTail, Reason: "stolen time"}}
		}
	}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	s := sectionNamed(t, r, "fanout")
	for _, c := range []struct{ transport, metric, want string }{
		{"longpoll", "p99-ns", "All runs give no tail: timers were late."},
		{"websocket", "p99-ns", "4 of 6 runs give no tail: stolen time."}, // two of six are no basis
		{"websocket", "p999-ns", "All runs have too few messages: p99.9 needs 10000 samples"},
		{"null", "p50-ns", "No run counts: it fell over."},
	} {
		var table Table
		row := s.Rows[slices.IndexFunc(s.Rows, func(r Row) bool { return r.Arm.ArmInfo.Arm.Transport == c.transport })]
		e := s.entry(&table, row, c.metric)
		if e.Text != absent || e.Note == 0 || !strings.HasPrefix(table.Notes[e.Note-1], c.want) {
			t.Errorf("%s of %s is %q with the footnotes %q, want one that begins with %q", c.metric, c.transport, e.Text, table.Notes, c.want)
		}
	}
}
