package reports

import (
	"fmt"
	"slices"
	"strings"

	"transportlab/bench/result"
)

// broken are the promises that a document's runs did not keep: they fail whoever made it.
func broken(d *result.Document) []string {
	var list []string
	var sum result.Accounting
	for _, r := range d.Runs {
		sum = add(sum, r.Accounting)
	}
	for _, c := range d.Calibration {
		if !c.Passed && !c.Aside {
			text := fmt.Sprintf("%s was %s and read as %s", c.Name, withUnit(c.Truth, c.Unit), withUnit(c.Read, c.Unit))
			if unmeasured(c) {
				text = c.Name + ": " + strings.TrimSuffix(c.Note, ".")
			}
			list = append(list, "calibration failed: "+text)
		}
	}
	for _, a := range []struct {
		n    uint64
		what string
	}{{sum.Lost, "lost without a gap"}, {sum.Corrupted, "delivered with other data than was sent"}, {sum.Reordered, "delivered out of order"}, {sum.Repeated, "delivered twice"}} {
		if a.n > 0 {
			list = append(list, fmt.Sprintf("%s messages were %s", count(a.n), a.what))
		}
	}
	return list
}

// Broken are the promises that were not kept and the thresholds that were overstepped, empty when all is
// well.
func (r *Report) Broken() []string {
	list := broken(r.Document)
	for _, s := range r.Sections {
		list = append(list, overstepped(s)...)
	}
	return list
}

// maxAlarms bounds what heads a report.
const maxAlarms = 30

// alarms are what a reader must know before any figure, most serious first.
func (r *Report) alarms() []string {
	d := r.Document
	var list []string
	all := r.Broken()
	for _, b := range all[:min(len(all), maxAlarms)] {
		list = append(list, capital(b)+".")
	}
	if more := len(all) - maxAlarms; more > 0 {
		list = append(list, fmt.Sprintf("And %d more of this kind.", more))
	}
	failed, useless, disturbed := 0, 0, 0
	for _, r := range d.Runs {
		switch {
		case r.Error != "":
			failed++
		case !r.Fit(result.ForAll):
			useless++
		case !r.Fit(result.ForTail):
			disturbed++
		}
	}
	if failed > 0 {
		list = append(list, fmt.Sprintf("%d of %d runs failed and are left out of all figures; the accounting says why.", failed, len(d.Runs)))
	}
	if 10*(useless+disturbed) > len(d.Runs) {
		list = append(list, fmt.Sprintf("The machine was too busy for some figures: of %d runs, %d left out, %d more without percentiles above 90; footnotes and accounting say why.", len(d.Runs), useless, disturbed))
	}
	if d.Partial != "" {
		list = append(list, "The measurement is incomplete: "+d.Partial)
	}
	if d.Environment.Modified {
		list = append(list, "The program was built from sources with changes that are not committed.")
	}
	return list
}

// heading is what stands over the alarms, and whether they are of the kind that fails a report.
func (r *Report) heading() (text string, failed bool) {
	switch broken := len(r.Broken()) + len(r.worse); {
	case slices.ContainsFunc(r.Document.Calibration, func(c result.Check) bool { return !c.Passed && !c.Aside }):
		return "The calibration failed: do not trust these figures", true
	case broken > 0:
		return "These figures did not pass", true
	}
	return "Before you read on", false
}
