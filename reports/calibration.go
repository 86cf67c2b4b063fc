package reports

import (
	"fmt"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// maxChecks bounds what is shown of a calibration.
const maxChecks = 300

func (r *Report) calibrationChapter() Chapter {
	c := Chapter{ID: "calibration", Title: "Calibration", Lead: []string{
		"The proof that the figures above mean what they say: known truths were put in front of the instrument, and this is what it read. Below, what measuring itself cost and how well it kept its schedule, since no latency can be more exact than that."}}
	checks := Part{ID: "calibration-checks", Title: "Known truths, and what was read"}
	checks.Strong = r.CalibrationLine()
	checks.addTable(r.checks())
	asides := Part{ID: "calibration-asides", Title: "What other tools answer"}
	asides.addTable(r.asides())
	if len(asides.Tables) > 0 {
		asides.Text = []string{"The same truth in front of other tools, for comparison; it fails nothing here."}
	}
	self := Part{ID: "calibration-instrument", Title: "The instrument itself"}
	self.Text = []string{"Lateness is how long after its due time a message was sent; it is part of the latencies above, since they count from the due time. Timer lateness and stolen time tell what else disturbed the machine."}
	if k := r.Document.Capacity; k != nil {
		self.Strong = fmt.Sprintf("Against a transport that does nothing, the driver keeps its schedule up to %s messages a second (lateness p99 %s there); runs that ask for more than half of that are unfit for tails.", significant(k.Rate), duration(float64(k.Lateness)))
	}
	self.addTable(r.instrument())
	c.Parts = []Part{checks, asides, self}
	return c
}

// CalibrationLine is the calibration in a sentence; it says so when there was none.
func (r *Report) CalibrationLine() string {
	passed, all := 0, 0
	for _, c := range r.Document.Calibration {
		if c.Aside {
			continue
		}
		all++
		if c.Passed {
			passed++
		}
	}
	switch {
	case all == 0:
		return "Not calibrated: no known truth was put before the instrument when this was measured."
	case passed < all:
		return fmt.Sprintf("Calibration FAILED: %d of %d known truths were not read within their tolerance.", all-passed, all)
	}
	return fmt.Sprintf("Calibrated: all %d known truths were read within their tolerance.", all)
}

func (r *Report) checks() Table {
	t := Table{Caption: "Calibration", Head: []string{"Known truth", "asked", "measured", "tolerance", "verdict"}}
	for _, c := range r.Document.Calibration {
		if c.Aside || len(t.Rows) == maxChecks {
			continue
		}
		asked, read, tolerance := withUnit(c.Truth, c.Unit), withUnit(c.Read, c.Unit), "± "+withUnit(c.Tolerance, c.Unit)
		if unmeasured(c) {
			asked, read, tolerance = absent, absent, absent
		}
		verdict := Entry{Text: "passed", Mark: "good"}
		if !c.Passed {
			verdict = Entry{Text: "FAILED", Mark: "bad"}
		}
		t.Rows = append(t.Rows, TableRow{Cells: []Entry{{Text: c.Name, Note: t.note(sentenceOrNone(c.Note))}, {Text: asked}, {Text: read}, {Text: tolerance}, verdict}})
	}
	return t
}

func (r *Report) asides() Table {
	t := Table{Caption: "Other tools' answers", Head: []string{"Known truth", "truth", "its answer", "off by"}}
	for _, c := range r.Document.Calibration {
		if !c.Aside || len(t.Rows) == maxChecks {
			continue
		}
		asked, read, off := withUnit(c.Truth, c.Unit), withUnit(c.Read, c.Unit), absent
		if unmeasured(c) {
			asked, read = absent, absent
		}
		if c.Truth != 0 {
			off = signedPercent(c.Read/c.Truth - 1)
		}
		t.Rows = append(t.Rows, TableRow{Cells: []Entry{{Text: c.Name, Note: t.note(sentenceOrNone(c.Note))}, {Text: asked}, {Text: read}, {Text: off}}})
	}
	return t
}

// unmeasured tells whether a check has a note instead of figures.
func unmeasured(c result.Check) bool {
	return !c.Passed && c.Truth == 0 && c.Read == 0 && c.Tolerance == 0 && c.Note != ""
}

// withUnit writes a figure of a check. Times and sizes take the unit that fits them.
func withUnit(v float64, unit string) string {
	switch unit {
	case "ns":
		return duration(v)
	case "B":
		return size(v)
	case "", "1":
		return significant(v)
	}
	return significant(v) + " " + unit
}

// instrument is what measuring cost, a row per workload and arm.
func (r *Report) instrument() Table {
	t := Table{Caption: "The driver and the machine's noise", Fold: "Each workload and transport",
		Head: []string{"Workload", "transport", "lateness p50", "lateness p99", "driver CPU/msg", "driver CPU", "GC pauses", "p99 from due time", "p99 from actual send", "timer p99", "stolen"}}
	for _, s := range r.Sections {
		for _, row := range s.Rows {
			entry := func(of func(result.Run) (float64, bool)) Entry {
				var vs []float64
				for _, run := range row.runs {
					if v, ok := of(run); ok {
						vs = append(vs, v)
					}
				}
				if len(vs) == 0 {
					return Entry{Text: absent}
				}
				return Entry{Text: duration(stats.Summarize(vs).Median)}
			}
			named := func(name string) Entry {
				c := row.cell(name)
				if c.N == 0 {
					return Entry{Text: absent, Note: t.note(row.whyNot(name, len(row.runs)))}
				}
				return Entry{Text: c.Text}
			}
			share := Entry{Text: absent}
			var shares []float64
			for _, run := range row.runs {
				if run.Elapsed > 0 {
					shares = append(shares, float64(run.Driver.CPU)/float64(run.Elapsed)/float64(max(r.Document.Environment.Cores, 1)))
				}
			}
			if len(shares) > 0 {
				share.Text = percent(stats.Summarize(shares).Median)
			}
			t.Rows = append(t.Rows, TableRow{Quiet: row.Arm.Floor, Cells: []Entry{{Text: s.Name}, {Text: row.Arm.Short},
				entry(func(run result.Run) (float64, bool) { return float64(run.Lateness.P50), run.Lateness.Count > 0 }),
				named("lateness-p99-ns"), named("driver-cpu-ns/msg"), share,
				entry(func(run result.Run) (float64, bool) { return float64(run.Driver.GCPause), true }),
				named("p99-ns"), named("uncorrected-p99-ns"),
				entry(func(run result.Run) (float64, bool) { return float64(run.Noise.Timer.P99), run.Noise.Timer.Count > 0 }),
				entry(func(run result.Run) (float64, bool) { return float64(run.Noise.Stolen), true }),
			}})
		}
	}
	if len(t.Rows) > 0 {
		t.remark("Medians over runs. “Driver CPU” is the share of the machine's processors that clients, publishers and measurement took; “GC pauses” is for how long collecting garbage stopped them.")
	}
	return t
}
