// Package reports turns result documents into something to read: one self-contained HTML page,
// Markdown, SVG plots and CSV, and the rows and sentences that the command prints. Everything is a pure
// function of the document, so that a report can be made again from the raw figures at any time.
//
// A document comes from a file that anybody may have written. Its texts are data everywhere: escaped
// by html/template on the page, by hand in Markdown, defused in CSV.
package reports

import (
	"cmp"
	"fmt"
	"slices"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// Bounds of what is shown; a document beyond them is refused rather than made into an endless page.
const (
	maxArms      = 64
	maxWorkloads = 64
	maxSections  = 512 // workloads times conditions
)

// A Report is a document prepared for readers.
type Report struct {
	Document *result.Document
	Arms     []Arm
	Alarms   []string // what casts doubt on the figures, most serious first
	Sections []Section
	Guide    []Advice
	Chapters []Chapter

	worse []string // thresholds that hold this result against an earlier one and are broken
}

// An Arm is one of the things compared, as it is shown.
type Arm struct {
	result.ArmInfo
	Name  string // "Long polling", "Long polling · h2c · broadband"
	Short string // without the condition, which all arms of a section share: "Long polling · h2c"
	place int    // among the arms, decides colour and dashes
	dash  int
}

// A Section is one workload under one condition: what its arms may be compared in.
type Section struct {
	Workload  workload.Workload
	Condition string // network and proxy; empty for the loopback interface with nothing in between
	ID        string // for anchors and file names
	Name      string // "push", "push · broadband"
	Explain   string
	Columns   []result.Metric // the first is the headline
	Rows      []Row           // best first, floors last
	Verdict   Verdict
	Main      bool   // compares all transports there are, under the usual condition: what the answer is about
	Parts     []Link // where else the report says something of it
	label     string // what the network's emulator cannot do
}

// A Link leads to another place of the page.
type Link struct{ Text, ID string }

// A Row is what the runs of one arm say about a workload.
type Row struct {
	Arm      Arm
	Runs     int          // that count
	Failed   int          // that do not
	Cells    []Cell       // as Section.Columns
	Relative string       // headline compared with the reference arm: "2.31 ± 0.10", "reference"
	all      []result.Run // whether they count or not
	runs     []result.Run // that count
	digests  []digest     // of them
}

// A Cell is one figure of a row. Text is empty when the runs do not have it or are unfit for it.
type Cell struct {
	stats.Summary
	Text     string // the median with its unit
	Interval string // "1.20–1.31 ms"
}

// New prepares a document. It returns an error when the document is larger than a page can show.
func New(d *result.Document) (*Report, error) {
	if len(d.Arms) > maxArms || len(d.Workloads) > maxWorkloads {
		return nil, fmt.Errorf("%d arms and %d workloads: a report shows at most %d of each", len(d.Arms), len(d.Workloads), min(maxArms, maxWorkloads))
	}
	r := &Report{Document: d, Arms: arms(d.Arms)}
	conditions := conditionsOf(r.Arms)
	ids := map[string]bool{}
	for _, w := range d.Workloads {
		byArm := map[result.Arm][]result.Run{}
		for _, run := range d.Runs {
			if run.Workload == w.Name {
				byArm[run.Arm] = append(byArm[run.Arm], run)
			}
		}
		for _, condition := range conditions {
			s := section(d, r.Arms, byArm, w, condition)
			if len(s.Rows) == 0 {
				continue
			}
			for s.ID = slug(s.Name); ids[s.ID]; s.ID += "-again" {
			}
			ids[s.ID] = true
			r.Sections = append(r.Sections, s)
		}
	}
	if len(r.Sections) > maxSections {
		return nil, fmt.Errorf("%d workloads under conditions: a report shows at most %d", len(r.Sections), maxSections)
	}
	markMain(r.Sections)
	r.Guide = guide(r.Sections)
	r.Alarms = r.alarms()
	r.Chapters = r.chapters()
	r.crossReference()
	return r, nil
}

// markMain finds the sections that compare the most transports under the condition of the first: the others
// look at one thing more closely.
func markMain(sections []Section) {
	most := 0
	transports := func(s Section) int {
		seen := map[string]bool{}
		for _, r := range s.Rows {
			if !r.Arm.Floor {
				seen[r.Arm.ArmInfo.Arm.Transport] = true
			}
		}
		return len(seen)
	}
	for _, s := range sections {
		if s.Condition == sections[0].Condition {
			most = max(most, transports(s))
		}
	}
	for i, s := range sections {
		sections[i].Main = s.Condition == sections[0].Condition && transports(s) == most
	}
}

// crossReference tells each section where the chapters speak of it.
func (r *Report) crossReference() {
	for i := range r.Sections {
		s := &r.Sections[i]
		for _, c := range r.Chapters {
			for _, p := range c.Parts {
				if p.ID == c.ID+"-"+s.ID {
					s.Parts = append(s.Parts, Link{c.Title, p.ID})
				}
			}
		}
	}
}

// section gathers the runs of one workload on the arms of one condition.
func section(d *result.Document, all []Arm, runs map[result.Arm][]result.Run, w workload.Workload, condition string) Section {
	s := Section{Workload: w, Condition: condition, Name: w.Name, Explain: explain(w)}
	if condition != "" {
		s.Name += " · " + condition
	}
	if condition != "" {
		s.label = labelOf(d, all, condition)
	}
	names := columns(w.Kind)
	present := make([]bool, len(names)) // whether any arm has a figure
	for _, arm := range all {
		own := runs[arm.ArmInfo.Arm]
		if len(own) == 0 || conditionOf(arm.ArmInfo.Arm) != condition {
			continue
		}
		row := Row{Arm: arm, Cells: make([]Cell, len(names)), all: own}
		for _, r := range own {
			if r.Fit(result.ForAll) {
				row.Runs++
				row.runs = append(row.runs, r)
			} else {
				row.Failed++
			}
		}
		row.digests = digests(w, row.runs)
		for i, name := range names {
			row.Cells[i] = row.cell(name)
			present[i] = present[i] || row.Cells[i].N > 0
		}
		s.Rows = append(s.Rows, row)
	}
	for i := len(names) - 1; i > 0; i-- { // a column in which nobody has a figure is left out
		if !present[i] {
			names = slices.Delete(slices.Clone(names), i, i+1)
			for k := range s.Rows {
				s.Rows[k].Cells = slices.Delete(s.Rows[k].Cells, i, i+1)
			}
		}
	}
	for _, name := range names {
		s.Columns = append(s.Columns, metric(name))
	}
	slices.SortStableFunc(s.Rows, func(a, b Row) int {
		return cmp.Or(cmpBool(a.Arm.Floor, b.Arm.Floor), compareHeadline(a, b))
	})
	judge(&s, d.Reference)
	return s
}

// compareHeadline orders rows by their first figure, those without one last.
func compareHeadline(a, b Row) int {
	x, y := a.Cells[0], b.Cells[0]
	if (x.N == 0) != (y.N == 0) {
		return cmpBool(x.N == 0, y.N == 0)
	}
	if x.N == 0 {
		return 0
	}
	return cmp.Compare(x.Median, y.Median)
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
