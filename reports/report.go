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
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// Bounds of what is shown; a document beyond them is refused rather than made into an endless page.
const (
	maxArms      = 64
	maxWorkloads = 64
)

// A Report is a document prepared for readers.
type Report struct {
	Document *result.Document
	Arms     []Arm
	Alarms   []string // what casts doubt on the figures, most serious first
	Sections []Section
	Guide    []Advice
}

// An Arm is one of the things compared, as it is shown.
type Arm struct {
	result.ArmInfo
	Name  string // "Long polling", "Long polling · h2c"
	place int    // decides its colour
}

// A Section is one workload.
type Section struct {
	Workload workload.Workload
	ID       string // for anchors and file names
	Explain  string
	Columns  []result.Metric // the first is the headline
	Rows     []Row           // best first, floors last
	Verdict  Verdict
	Charts   []Chart
}

// A Row is what the runs of one arm say about a workload.
type Row struct {
	Arm      Arm
	Runs     int          // that count
	Failed   int          // that do not
	Cells    []Cell       // as Section.Columns
	Relative string       // headline compared with the reference arm: "2.31 ± 0.10", "reference"
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
	ids := map[string]bool{}
	for _, w := range d.Workloads {
		s := section(d, r.Arms, w)
		if len(s.Rows) == 0 {
			continue
		}
		for s.ID = slug(w.Name); ids[s.ID]; s.ID += "-again" {
		}
		ids[s.ID] = true
		s.Charts = charts(s)
		r.Sections = append(r.Sections, s)
	}
	r.Guide = guide(r.Sections)
	r.Alarms = r.alarms()
	return r, nil
}

func arms(infos []result.ArmInfo) []Arm {
	list := make([]Arm, len(infos))
	next, floor := 0, 0
	for i, info := range infos {
		list[i] = Arm{ArmInfo: info, Name: armName(info)}
		if info.Floor {
			list[i].place = armInks + floor%2
			floor++
		} else {
			list[i].place = next % armInks
			next++
		}
	}
	return list
}

// armName is the arm's title with whatever sets it apart from the usual: carrier, network, variant.
func armName(info result.ArmInfo) string {
	title := cmp.Or(info.Title, info.Arm.Transport)
	if rest := strings.TrimPrefix(info.Arm.String(), info.Arm.Transport); rest != "" {
		title += " · " + strings.TrimPrefix(rest, "/")
	}
	return title
}

func section(d *result.Document, all []Arm, w workload.Workload) Section {
	s := Section{Workload: w, Explain: explain(w)}
	names := columns(w.Kind)
	runs := map[result.Arm][]result.Run{}
	for _, r := range d.Runs {
		if r.Workload == w.Name {
			runs[r.Arm] = append(runs[r.Arm], r)
		}
	}
	present := make([]bool, len(names)) // whether any arm has a figure
	for _, arm := range all {
		own := runs[arm.ArmInfo.Arm]
		if len(own) == 0 {
			continue
		}
		row := Row{Arm: arm, Cells: make([]Cell, len(names))}
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
			row.Cells[i] = cell(name, values(name, row.runs))
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

// values are a metric's values of the runs that have it.
func values(name string, runs []result.Run) []float64 {
	var vs []float64
	for _, r := range runs {
		if v, ok := value(name, r); ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			vs = append(vs, v)
		}
	}
	return vs
}

func cell(name string, vs []float64) Cell {
	if len(vs) == 0 {
		return Cell{}
	}
	m := metric(name)
	s := stats.Summarize(vs)
	c := Cell{Summary: s, Text: write(m, s.Median)}
	if lo, hi := write(m, s.Lo), write(m, s.Hi); lo != hi {
		c.Interval = between(lo, hi)
	}
	return c
}

// between joins two figures, naming a common unit once.
func between(lo, hi string) string {
	isDigit := func(r rune) bool { return unicode.IsDigit(r) || r == '.' || r == ',' }
	lv := strings.TrimLeftFunc(lo, isDigit)
	if hv := strings.TrimLeftFunc(hi, isDigit); lv == hv {
		return strings.TrimSuffix(lo, lv) + "–" + hi
	}
	return lo + " – " + hi
}

// explain is what a workload asks, in a sentence.
func explain(w workload.Workload) string {
	var parts []string
	if w.Kind.Closed() {
		parts = append(parts, fmt.Sprintf("%s, one message at a time each (closed loop)", clients(w.Clients)))
	} else {
		parts = append(parts, clients(w.Clients))
		if w.Kind.Sends() {
			parts = append(parts, fmt.Sprintf("%s messages in all, %s arrivals", rate(w.Rate), w.Arrival.Process))
		}
	}
	if w.Kind.Sends() {
		kind := "text"
		if w.Binary {
			kind = "binary"
		}
		parts = append(parts, fmt.Sprintf("%s of %s", size(float64(w.Size)), kind))
	}
	parts = append(parts, "measured for "+setting(time.Duration(w.Duration)))
	sentence := strings.Join(parts, "; ") + "."
	if w.Explain != "" {
		sentence = strings.TrimSuffix(w.Explain, ".") + ". " + sentence
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

func clients(n int) string {
	if n == 1 {
		return "1 client"
	}
	return thousands(fmt.Sprint(n)) + " clients"
}

// slug is a name as part of a file name or anchor.
func slug(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return cmp.Or(strings.Trim(out, "-"), "workload")
}

// Ink is the class of the arm's colour.
func (a Arm) Ink() string { return string(armInk(a.place)) }
