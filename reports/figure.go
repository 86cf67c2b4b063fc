package reports

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

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

// cell is a metric over the row's runs. A tail that most of the runs must not be used for is none.
func (r Row) cell(name string) Cell {
	c := cell(name, values(name, r.runs))
	if metric(name).Tail && 2*c.N < len(r.runs) {
		return Cell{}
	}
	return c
}

// entry is a metric of a row for a table of the section: the median, its interval, what is left of it
// without the floor, and a footnote that says why it is missing or rests on fewer runs than the others.
func (s Section) entry(t *Table, r Row, name string) Entry {
	c := r.cell(name)
	if c.N == 0 {
		return Entry{Text: absent, Note: t.note(r.whyNot(name, len(r.runs)))}
	}
	e := Entry{Text: c.Text, Note: t.note(r.whyNot(name, len(r.runs)-c.N))}
	e.below(c.Interval, s.aboveFloor(r, name, c.Median))
	return e
}

// whyNot says why missing of the row's runs have no figure; empty when none is missing, and when the
// figure does not belong to the workload.
func (r Row) whyNot(name string, missing int) string {
	m := metric(name)
	if r.Runs == 0 {
		return "No run counts: " + r.firstReason(result.ForAll)
	}
	if missing == 0 {
		return ""
	}
	refused, few, disturbed := "", 0, 0
	for _, run := range r.runs {
		if why := m.Refused(run); why != "" {
			refused = why
			few++
		} else if _, has := m.Of(run); has && m.Tail && !run.Fit(result.ForTail) {
			disturbed++
		}
	}
	switch {
	case disturbed == 0 && few == 0:
		return ""
	case disturbed > few:
		return fmt.Sprintf("%s give no tail: %s", capital(ofAll(disturbed, len(r.runs))), r.firstReason(result.ForTail))
	}
	return fmt.Sprintf("%s have too few messages: %s", capital(ofAll(few, len(r.runs))), sentence(refused))
}

// firstReason is why the first run that is unfit for a purpose is.
func (r Row) firstReason(purpose string) string {
	for _, run := range r.all {
		if run.Error != "" && purpose == result.ForAll {
			return sentence(run.Error)
		}
		for _, u := range run.Unfit {
			if (u.For == purpose || u.For == result.ForAll) && (purpose == result.ForAll || run.Fit(result.ForAll)) {
				return sentence(u.Reason)
			}
		}
	}
	return "the data does not say why."
}

// floor is the row of what the machine can do at best under the section's condition: TCP without a
// protocol where that was measured, else a call without a network.
func (s Section) floor() *Row {
	var found *Row
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Arm.Floor && (found == nil || r.Arm.ArmInfo.Arm.Transport == "tcp") {
			found = r
		}
	}
	return found
}

// aboveFloor is what a figure is more than the floor's; empty where there is no floor or a difference
// means nothing.
func (s Section) aboveFloor(r Row, name string, median float64) string {
	m := metric(name)
	f := s.floor()
	if f == nil || r.Arm.Floor || m.Higher {
		return ""
	}
	c := f.cell(name)
	if c.N == 0 {
		return ""
	}
	if d := median - c.Median; d >= 0 {
		return "+" + write(m, d) + " over floor"
	} else {
		return "−" + write(m, -d) + " under floor"
	}
}

// floorNote explains the differences of a table.
func (s Section) floorNote() string {
	f := s.floor()
	if f == nil {
		return ""
	}
	return fmt.Sprintf("“Over floor” is what remains of a median without that of %s, given the same workload under the same conditions: the transport's own share.", f.Arm.Short)
}

func capital(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

// sentence is a text with a full stop.
func sentence(s string) string { return strings.TrimRight(s, ".") + "." }

func ofAll(n, all int) string {
	if n == all {
		return "all runs"
	}
	return fmt.Sprintf("%d of %d runs", n, all)
}

func countOf(n int) string { return thousands(fmt.Sprint(n)) }
