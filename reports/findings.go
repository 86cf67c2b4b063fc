package reports

import (
	"cmp"
	"fmt"
	"strings"

	"transportlab/bench/result"
)

// maxFindings bounds what is shown of each group; the rest is in the data.
const maxFindings = 200

func (r *Report) findingsChapter() Chapter {
	c := Chapter{ID: "findings", Title: "Claims and published results", Lead: []string{
		"What is said of these transports, held against measurements made for it. A claim that does not hold is as good to know as one that does; a result that cannot be compared says why."}}
	claims := Part{ID: "findings-claims", Title: "Claims"}
	claims.addTable(r.findings(result.Claim, Table{Caption: "Claims and what was measured", Prose: true, Head: []string{"Claim", "measured", "verdict", "why"}},
		func(f result.Finding) []Entry {
			return []Entry{lined(f.Says, f.Source), lined(f.Ours, f.Method, numbers(f.Figures)), verdictEntry(f.Verdict), {Text: f.Why}}
		}))
	literature := Part{ID: "findings-literature", Title: "Published results, reproduced"}
	literature.addTable(r.findings(result.Literature, Table{Caption: "Published results and ours", Prose: true, Head: []string{"Result", "theirs", "ours", "verdict", "why"}},
		func(f result.Finding) []Entry {
			return []Entry{lined(f.Says, f.Source), {Text: cmp.Or(f.Theirs, absent)}, lined(cmp.Or(f.Ours, absent), f.Method, numbers(f.Figures)), verdictEntry(f.Verdict), {Text: f.Why}}
		}))
	for _, p := range []*Part{&claims, &literature} {
		if len(p.Tables) > 0 {
			p.Strong = tally(p.Tables[0])
		}
	}
	c.Parts = []Part{claims, literature}
	return c
}

func (r *Report) findings(group string, t Table, row func(result.Finding) []Entry) Table {
	more := 0
	for _, f := range r.Document.Findings {
		switch {
		case f.Group != group:
		case len(t.Rows) == maxFindings:
			more++
		default:
			t.Rows = append(t.Rows, TableRow{Cells: row(f)})
		}
	}
	if more > 0 {
		t.remark(fmt.Sprintf("%d more are in result.json.", more))
	}
	return t
}

func lined(text string, below ...string) Entry {
	e := Entry{Text: text}
	e.below(below...)
	return e
}

// numbers are the figures behind a finding on one line, in the units that their names end with.
func numbers(figures []result.Extra) string {
	var parts []string
	for i, f := range figures {
		if i == maxExtras {
			parts = append(parts, "more in result.json")
			break
		}
		name, text := f.Name, significant(f.Value)
		if short, ok := strings.CutSuffix(name, "-ns"); ok {
			name, text = short, duration(f.Value)
		} else if short, ok := strings.CutSuffix(name, "-B"); ok {
			name, text = short, size(f.Value)
		}
		parts = append(parts, name+" "+text)
	}
	return strings.Join(parts, ", ")
}

func verdictEntry(verdict string) Entry {
	mark := map[string]string{result.Agrees: "good", result.Disagrees: "bad", result.NotComparable: "open"}[verdict]
	return Entry{Text: verdict, Mark: cmp.Or(mark, "open")}
}

// tally counts a table's verdicts.
func tally(t Table) string {
	n := map[string]int{}
	for _, row := range t.Rows {
		for _, e := range row.Cells {
			if e.Mark != "" {
				n[e.Mark]++
			}
		}
	}
	return fmt.Sprintf("%d of %d agree with what was measured, %d do not, %d cannot be compared.", n["good"], len(t.Rows), n["bad"], n["open"])
}
