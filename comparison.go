package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"transportlab/bench/compare"
	"transportlab/bench/stats"
	"transportlab/reports"
)

// showComparison prints a table and what may be concluded; quiet prints what is broken alone, which is an error.
func showComparison(t *terminal, c *compare.Comparison) error {
	if t.quiet {
		return nil
	}
	var b strings.Builder
	width := columnsOf(t.out)
	b.WriteString(comparisonTable(c, width))
	worse, better := 0, 0
	for _, cell := range c.Cells {
		switch {
		case cell.Arm.Floor:
		case cell.Worse():
			worse++
		case cell.Better():
			better++
		}
	}
	fmt.Fprintf(&b, "\n%d of %d figures are proven worse, %d better.\n", worse, len(c.Cells), better)
	for _, w := range c.Warnings {
		fmt.Fprintf(&b, "%s %s\n", styleAlarm.Render("!"), wrap(printable(strings.ToUpper(w[:1])+w[1:]+"."), width-2))
	}
	_, err := lipgloss.Fprint(t.out, b.String())
	return err
}

// comparisonTable leaves out the p-values, then the intervals, where there is no room for them.
func comparisonTable(c *compare.Comparison, width int) string {
	for _, with := range []struct{ p, interval bool }{{true, true}, {false, true}, {false, false}} {
		t := table.New().Border(lipgloss.HiddenBorder()).
			BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).
			StyleFunc(func(row, column int) lipgloss.Style { return comparisonStyle(c, row, column) })
		head := []string{"workload", "transport", "figure", "then", "now", "change", "verdict"}
		if with.p {
			head = append(head, "p")
		}
		t.Headers(head...)
		for _, cell := range c.Cells {
			row := []string{cell.Workload, cell.Arm.Arm.String(), cell.Metric.Name, reports.Figure(cell.Metric, cell.B.Median),
				reports.Figure(cell.Metric, cell.A.Median), changeText(cell, with.interval), verdictText(cell)}
			if with.p {
				row = append(row, pOf(cell))
			}
			for i := range row {
				row[i] = printable(row[i])
			}
			t.Row(row...)
		}
		text := trimLines(t.Render())
		if lipgloss.Width(text) <= width || !with.interval {
			return text
		}
	}
	return ""
}

func comparisonStyle(c *compare.Comparison, row, column int) lipgloss.Style {
	style := lipgloss.NewStyle()
	switch {
	case row == table.HeaderRow:
		style = styleQuiet
	case c.Cells[row].Broken != "":
		style = styleAlarm
	case c.Cells[row].Arm.Floor:
		style = styleQuiet
	case c.Cells[row].Better():
		style = styleBest
	}
	if column >= 3 && column <= 5 {
		style = style.Align(lipgloss.Right)
	}
	return style.PaddingRight(1)
}

// changeText is a ratio as a change: "+12 % (9 to 15)".
func changeText(c compare.Cell, interval bool) string {
	r := c.Ratio
	if math.IsNaN(r.Median) || math.IsInf(r.Median, 0) {
		return "–"
	}
	if c.Exact && r.Median == 1 {
		return "0"
	}
	text := signed(r.Median) + " %"
	if interval && !r.Small && !c.Exact && !math.IsInf(r.Hi, 0) && !math.IsNaN(r.Lo) {
		text += fmt.Sprintf(" (%s to %s)", signed(r.Lo), signed(r.Hi))
	}
	return text
}

func signed(ratio float64) string {
	v := strconv.FormatFloat(100*(ratio-1), 'f', 1, 64)
	if !strings.HasPrefix(v, "-") {
		v = "+" + v
	}
	return strings.Replace(v, "-", "−", 1)
}

func verdictText(c compare.Cell) string {
	text := string(c.Verdict)
	switch {
	case c.Worse():
		text = "worse"
	case c.Better():
		text = "better"
	case c.Exact:
		text = "the same"
	}
	if c.Broken != "" {
		text += ", beyond limit"
	}
	return text
}

func pOf(c compare.Cell) string {
	switch {
	case c.Exact, c.Verdict == stats.TooSmall:
		return "–"
	case c.Adjusted < 0.001:
		return "< 0.001"
	}
	return strconv.FormatFloat(c.Adjusted, 'f', 3, 64)
}

// A comparisonCell is a compare.Cell for programs; what has no value is null.
type comparisonCell struct {
	Workload string           `json:"workload"`
	Arm      string           `json:"arm"`
	Floor    bool             `json:"floor,omitempty"`
	Metric   string           `json:"metric"`
	Then     comparisonFigure `json:"then"`
	Now      comparisonFigure `json:"now"`
	Ratio    comparisonFigure `json:"ratio"`
	P        *float64         `json:"p"` // after Holm's correction; null where nothing was tested
	Verdict  string           `json:"verdict"`
	Broken   string           `json:"broken,omitempty"` // the threshold
}

type comparisonFigure struct {
	N      int      `json:"n"`
	Median *float64 `json:"median"`
	Lo     *float64 `json:"lo"`
	Hi     *float64 `json:"hi"`
}

func comparisonJSON(c *compare.Comparison) any {
	out := struct {
		Cells    []comparisonCell `json:"cells"`
		Warnings []string         `json:"warnings"`
		Broken   []string         `json:"broken"`
	}{Warnings: append([]string{}, c.Warnings...), Broken: append([]string{}, c.Broken...)}
	for _, cell := range c.Cells {
		verdict := cell
		verdict.Broken = ""
		out.Cells = append(out.Cells, comparisonCell{cell.Workload, cell.Arm.Arm.String(), cell.Arm.Floor, cell.Metric.Name,
			jsonSummary(cell.B), jsonSummary(cell.A), jsonSummary(cell.Ratio), number(cell.Adjusted), verdictText(verdict), cell.Broken})
	}
	return out
}

func jsonSummary(s stats.Summary) comparisonFigure {
	return comparisonFigure{s.N, number(s.Median), number(s.Lo), number(s.Hi)}
}

// number is null in JSON where a figure is none.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
