package reports

import (
	"io"
	"slices"
	"strings"
	"testing"

	"transportlab/bench/result"
)

func TestSweepsFollowFromWorkloadsAndVariants(t *testing.T) {
	r := wholeReport(t)
	sweeps := append(r.workloadSweeps(), r.armSweeps()...)
	if len(sweeps) != 2 || sweeps[0].by != "message size" || sweeps[1].by != "interval" {
		t.Fatalf("sweeps %+v", sweeps)
	}
	for i, want := range [][]float64{{64, 1024, 16384}, {1e8, 5e8, 2e9}} {
		for _, points := range sweeps[i].points {
			var at []float64
			for _, p := range points {
				at = append(at, p.at)
			}
			if !slices.Equal(at, want) {
				t.Errorf("%s goes over %v, want %v", sweeps[i].by, at, want)
			}
		}
	}
	// Two sizes are no sweep, and what differs in two things is none.
	d := full(t)
	d.Workloads[4].Rate++
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.workloadSweeps(); len(got) != 0 {
		t.Errorf("workloads that differ in size and rate make the sweep %+v", got)
	}
}

func TestMissingHeadersAreShownBesideThePresentOnes(t *testing.T) {
	r := wholeReport(t)
	var sections []Section
	for _, s := range r.Sections {
		if s.Workload.Name == "fanout" {
			sections = append(sections, s)
		}
	}
	table := missingHeaders("fanout", sections)
	if len(table.Rows) != 1 || table.Rows[0].Cells[0].Text != "Streaming (SSE)" || !strings.HasSuffix(table.Rows[0].Cells[2].Text, " ms") || table.Rows[0].Cells[4].Text != "100.0 %" {
		t.Errorf("table %+v", table)
	}
}

func TestCalibrationIsSaidInOneLine(t *testing.T) {
	passed, failed, aside := result.Check{Passed: true}, result.Check{Name: "delay"}, result.Check{Aside: true}
	for _, c := range []struct {
		checks []result.Check
		want   string
		broken int
	}{
		{nil, "Not calibrated", 0}, {[]result.Check{aside}, "Not calibrated", 0}, {[]result.Check{passed, passed, aside}, "Calibrated: all 2", 0},
		{[]result.Check{passed, failed, aside}, "Calibration FAILED: 1 of 2", 1},
	} {
		d := fixture(t, 1)
		d.Calibration = c.checks
		r, err := New(d)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.CalibrationLine(); !strings.HasPrefix(got, c.want) || len(r.Broken()) != c.broken {
			t.Errorf("%d checks: %q, broken %q", len(c.checks), got, r.Broken())
		}
	}
}

func TestOverlaysKeepTheoryFromWhatItDoesNotKnow(t *testing.T) {
	r := wholeReport(t)
	names := func(s Section) string {
		var list []string
		for _, o := range r.overlays(s) {
			list = append(list, o.row.Arm.Short)
		}
		slices.Sort(list)
		return strings.Join(list, ", ")
	}
	for section, want := range map[string]string{
		"fanout":               "Polling, Polling · interval=100ms, Polling · interval=2s", // push arms on loopback are what theory takes as given
		"fanout · broadband":   "Polling, WebSocket",
		"fanout · proxy nginx": "", "ingest": "", "resume": "",
	} {
		if got := names(sectionNamed(t, r, section)); got != want {
			t.Errorf("%s: theory speaks of %q, want %q", section, got, want)
		}
	}
	for _, o := range r.overlays(sectionNamed(t, r, "fanout")) {
		if o.row.Arm.Short != "Polling" {
			continue
		}
		if len(o.distances) != 5 && len(o.distances) != 6 || slices.Max(o.distances) > 0.15 {
			t.Errorf("uniform latencies lie %v from the uniform form", o.distances)
		}
	}
}

func TestALostRunCostsOneArmItsVerdictOnly(t *testing.T) {
	s := sectionNamed(t, wholeReport(t), "fanout")
	if !s.Verdict.Sure || !strings.Contains(s.Verdict.Text, "Long polling · h2c had too few usable runs") || !strings.Contains(s.Verdict.Text, " times faster than Polling") {
		t.Errorf("verdict %+v", s.Verdict)
	}
}

func TestBoundsOfAReport(t *testing.T) {
	d := full(t)
	for range 100 {
		d.Knees = append(d.Knees, d.Knees[0])
		d.Findings = append(d.Findings, d.Findings...)[:min(2*len(d.Findings), 1000)]
		d.Calibration = append(d.Calibration, d.Calibration...)[:min(2*len(d.Calibration), 1000)]
	}
	for i := range d.Calibration {
		d.Calibration[i].Passed = false
	}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Chapters {
		for _, p := range c.Parts {
			for _, table := range p.Tables {
				if len(table.Rows) > maxChecks {
					t.Errorf("%s: %s has %d rows", c.ID, table.Caption, len(table.Rows))
				}
			}
		}
	}
	if len(r.Alarms) > maxAlarms+3 {
		t.Errorf("%d alarms", len(r.Alarms))
	}
}

// Whatever of a run is missing or absurd, there is a report.
func TestPoorDocumentsMakeReports(t *testing.T) {
	bare := full(t)
	for i, r := range bare.Runs {
		bare.Runs[i] = result.Run{Block: r.Block, Order: r.Order, Workload: r.Workload, Arm: r.Arm}
	}
	bare.Arms = bare.Arms[:len(bare.Arms)-1] // one that the searches and runs still name
	absurd := full(t)
	for i := range absurd.Runs {
		r := &absurd.Runs[i]
		r.Elapsed, r.Delivery.P50, r.Delivery.Mean = -1, -5, -7
		r.Timeline = []result.Moment{{At: 1e300, Count: 1, P50: 1e300, Max: 1e300}, {At: -5, Count: 1, P50: 1e-300, Max: 1}, {}}
		if r.Wire != nil {
			r.Wire = &result.Wire{Up: result.WireCount{Bytes: 1 << 63, Segments: 1 << 63}, Interface: &result.Pair{Up: -1e300}}
		}
	}
	for i := range absurd.Knees {
		absurd.Knees[i].Steps = []result.Step{{Load: -1, P99: -1}, {Load: 1e300, P99: 1, Out: 1e300}, {Load: 1e-300, P99: 1 << 62, Out: 1e-300}}
	}
	absurd.Scalings = []result.Scaling{{Kappa: -1, Steps: absurd.Knees[0].Steps}}
	absurd.Nets = []result.Net{{Name: "broadband", RTT: -1, Bandwidth: -1, Achieved: &result.Achieved{RTT: -1}}}
	absurd.Options = result.Options{}
	empty := full(t)
	empty.Runs, empty.Arms, empty.Workloads = nil, nil, nil
	for name, d := range map[string]*result.Document{"bare": bare, "absurd": absurd, "empty": empty, "zero": {}} {
		r, err := New(d)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, write := range []func(io.Writer) error{r.WriteHTML, r.WriteMarkdown} {
			if err := write(io.Discard); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestGuideNamesAllThatCannotBeToldApart(t *testing.T) {
	d := fixture(t, 8)
	for i := range d.Runs { // the first two are one and the same
		r := &d.Runs[i]
		if r.Workload == "idle" && r.Arm.Transport == "longpoll" {
			server := *r.Server // the fixture's own is shared
			server.Connected.RSS = server.Before.RSS + 500*6000
			r.Server = &server
		}
	}
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Guide, func(a Advice) bool { return strings.HasSuffix(a.Situation, "memory") })
	if i < 0 || r.Guide[i].Choose != "Polling or Long polling · h2c" || !r.Guide[i].Sure {
		t.Errorf("guide %+v", r.Guide)
	}
	i = slices.IndexFunc(r.Guide, func(a Advice) bool { return strings.HasSuffix(a.Situation, "traffic") })
	if i < 0 || r.Guide[i].Choose != "any: no difference found" {
		t.Errorf("guide %+v", r.Guide)
	}
}
