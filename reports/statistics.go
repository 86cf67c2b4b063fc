package reports

import (
	"fmt"
	"math"
	"strings"

	"transportlab/bench/stats"
)

// maxPairs bounds the comparisons of a section that are listed.
const maxPairs = 200

func (r *Report) statisticsChapter() Chapter {
	c := Chapter{ID: "statistics", Title: "Statistics", Lead: []string{
		fmt.Sprintf("What stands behind the verdicts. The unit is the run: %s, each with a server of its own, in random order within its block. Two transports differ when the Mann–Whitney test says so at %s after Holm's correction for all pairs of a workload. The effect is the chance that a run of the slower or dearer one exceeds one of the other: 0.5 is none, 1 is always.", plural(r.Document.Blocks, "block"), percent(stats.Alpha))}}
	comparisons := Part{ID: "statistics-comparisons", Title: "Comparisons"}
	for _, s := range r.Sections {
		comparisons.addTable(s.tests())
	}
	c.Parts = append(c.Parts, comparisons)
	stability := Part{ID: "statistics-stability", Title: "May the runs be taken as independent?"}
	stability.Text = []string{"Intervals and tests take the runs as independent draws of one distribution. Here that is tested: whether figures rose or fell over the runs, whether neighbours resemble each other, and whether latency changed within the runs."}
	stability.addTable(r.stability())
	if len(stability.Tables) == 0 {
		stability.Text = nil
	} else {
		stability.Strong = "Nothing speaks against it."
		for _, row := range stability.Tables[0].Rows {
			if last := row.Cells[len(row.Cells)-1]; last.Mark == "bad" {
				stability.Strong = "Some series say no: their intervals are narrower than they should be."
			}
		}
	}
	precision := Part{ID: "statistics-precision", Title: "Precision"}
	if want := r.Document.Precision; want > 0 {
		precision.Text = []string{fmt.Sprintf("Runs were repeated until the interval of each headline was within ± %s of its median, or the limit of blocks was reached.", percent(want))}
		for _, w := range stats.Imprecise(r.Document) {
			if len(precision.List) < maxPairs {
				precision.List = append(precision.List, fmt.Sprintf("%s, %s: ± %s, wider than asked.", w.Workload.Name, r.arm(w.Arm).Name, percent(w.Half)))
			}
		}
		if len(precision.List) == 0 {
			precision.Strong = "All of them are."
		}
	}
	c.Parts = append(c.Parts, stability, precision)
	return c
}

// tests are the comparisons behind a section's verdict.
func (s Section) tests() Table {
	if len(s.Columns) == 0 {
		return Table{}
	}
	t := Table{Caption: "Comparisons: " + s.Name, Fold: s.Name + ": " + plural(len(s.Verdict.tests), "comparison") + " of " + heads[s.Columns[0].Name],
		Head: []string{"Pair", "ratio", "n", "p", "p, corrected", "effect", "verdict"}}
	for _, c := range s.Verdict.tests {
		if len(t.Rows) == maxPairs {
			t.remark("The rest follows from result.json.")
			break
		}
		ratio := Entry{Text: significant(c.Ratio.Median)}
		if !c.Ratio.Small {
			ratio.below(significant(c.Ratio.Lo) + "–" + significant(c.Ratio.Hi))
		}
		verdict := "differ"
		switch c.verdict {
		case stats.TooSmall, stats.Equivalent, stats.NoDifference:
			verdict = string(c.verdict)
		}
		t.Rows = append(t.Rows, TableRow{Cells: []Entry{{Text: c.worse + " : " + c.better}, ratio, {Text: fmt.Sprintf("%d, %d", c.A.N, c.B.N)},
			{Text: pEntry(c.P)}, {Text: pEntry(c.adjusted)}, {Text: fmt.Sprintf("%.2f", c.Effect)}, {Text: verdict}}})
	}
	return t
}

func pEntry(p float64) string {
	if math.IsNaN(p) {
		return absent
	}
	return pText(p)
}

func (r *Report) stability() Table {
	t := Table{Caption: "Stability of the runs", Fold: "Each workload and transport", Head: []string{"Workload", "transport", "n", "trend over runs", "neighbours", "second half : first", "finding"}}
	for _, s := range stats.Stabilities(r.Document) {
		if s.Trend.N == 0 {
			continue
		}
		trend, order, drift := Entry{Text: absent}, Entry{Text: absent}, Entry{Text: absent}
		if !math.IsNaN(s.Trend.P) {
			trend = Entry{Text: fmt.Sprintf("τ %.2f", s.Trend.Tau), Small: []string{"p = " + pText(s.Trend.P)}}
		}
		if !math.IsNaN(s.Order.P) {
			order = Entry{Text: fmt.Sprintf("r %.2f", s.Order.Lag1), Small: []string{"p = " + pText(s.Order.P)}}
		}
		if s.Drift.N > 0 {
			drift.Text = significant(s.Drift.Median)
			if !math.IsNaN(s.DriftP) {
				drift.below("p = " + pText(s.DriftP))
			}
		}
		finding := Entry{Text: "none", Mark: "good"}
		switch {
		case len(s.Warnings) > 0:
			finding = Entry{Text: strings.Join(s.Warnings, "; "), Mark: "bad"}
		case s.Trend.Small:
			finding = Entry{Text: "too few runs", Mark: "open"}
		}
		arm := r.arm(s.Arm)
		t.Rows = append(t.Rows, TableRow{Quiet: arm.Floor, Cells: []Entry{{Text: s.Workload.Name}, {Text: arm.Name}, {Text: fmt.Sprint(s.Trend.N)}, trend, order, drift, finding}})
	}
	if len(t.Rows) > 0 {
		t.remark("Trend: Mann and Kendall's test over the order of the runs. Neighbours: autocorrelation, tested by von Neumann's ratio of ranks. Second half: median latency in the later half of the measured part over that in the earlier, tested by Wilcoxon's signed ranks. p-values stand as they are; a finding is what remains after Holm's correction for all of them.")
	}
	return t
}
