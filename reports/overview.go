package reports

import (
	"cmp"
	"fmt"
)

// others are the verdicts of the sections that look at one thing more closely; nil when there are none.
func (r *Report) others() *Table {
	t := Table{ID: "answer-others", Caption: "Verdicts under conditions and of parts of the transports", Prose: true, Head: []string{"Workload", "Answer"}}
	for _, s := range r.Sections {
		if s.Main {
			continue
		}
		name := Entry{Text: s.Name}
		if len(s.Parts) > 0 {
			name.Link = s.Parts[0].ID
		}
		t.Rows = append(t.Rows, TableRow{Cells: []Entry{name, {Text: s.Verdict.Text}}})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &t
}

// Table is the section's rows as text in the columns that matter most; brief leaves out all intervals but
// the headline's.
func (s Section) Table(brief bool) Table {
	t := Table{Caption: s.Name, Head: []string{"Transport"}}
	for i, c := range s.Columns {
		t.Head = append(t.Head, heads[c.Name])
		if i == 0 {
			t.Head = append(t.Head, "relative")
		}
	}
	t.Head = append(t.Head, "runs")
	for _, r := range s.Rows {
		var cells []Entry
		for i, c := range r.Cells {
			text := figure(c)
			if brief && i > 0 {
				text = c.Text
			}
			if text == "" {
				text = absent
			}
			cells = append(cells, Entry{Text: text})
			if i == 0 {
				cells = append(cells, Entry{Text: cmp.Or(r.Relative, absent)})
			}
		}
		runs := fmt.Sprint(r.Runs)
		if r.Failed > 0 {
			runs += fmt.Sprintf(" (%d failed)", r.Failed)
		}
		t.addArm(r.Arm, append(cells, Entry{Text: runs})...)
	}
	return t
}
