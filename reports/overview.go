package reports

import (
	"cmp"
	"fmt"
)

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
