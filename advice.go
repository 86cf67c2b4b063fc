package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"transportlab/bench/model"
	"transportlab/bench/result"
	"transportlab/bench/theory"
	"transportlab/reports"
)

// showAdvice prints what was asked, the ranking, why, what was ruled out, and how sure all that is.
func showAdvice(t *terminal, a *model.Advice, m *model.Model) error {
	var b strings.Builder
	width := columnsOf(t.out)
	fmt.Fprintf(&b, "%s\n\n", wrap(asked(a.Ask), width))
	if len(a.Ranked) > 0 {
		rows := plainTable(adviceHead, adviceRows(a, true), width, 2)
		if lines := strings.SplitN(rows, "\n", 2); !strings.Contains(lines[0], adviceHead[len(adviceHead)-1]) { // rather without errors than without columns
			rows = plainTable(adviceHead, adviceRows(a, false), width, 2)
		}
		b.WriteString(rows)
		if a.Level > 1 {
			var names []string
			for _, p := range a.Ranked[:a.Level] {
				names = append(names, p.Title)
			}
			fmt.Fprintln(&b, wrap(fmt.Sprintf("The model cannot tell %s apart: they lie within its error.", strings.Join(names, ", ")), width))
		}
		fmt.Fprintf(&b, "\n%s\n", styleTitle.Render("Why"))
		for _, p := range a.Ranked {
			fmt.Fprintln(&b, hang(strings.Join(append([]string{p.Why}, sentences(p.Notes)...), " "), width))
		}
	}
	if len(a.Excluded) > 0 {
		fmt.Fprintf(&b, "\n%s\n", styleTitle.Render("Ruled out"))
		for _, p := range a.Excluded {
			fmt.Fprintln(&b, hang(p.Title+": "+strings.Join(p.Excluded, "; ")+".", width))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", styleTitle.Render("How sure"))
	fmt.Fprintln(&b, hang(fmt.Sprintf("Of %d runs that the fit did not see, half were predicted within %s; --errors shows more.", len(m.Source().Observations), errorsText(a.Errors)), width))
	for _, w := range a.Warnings {
		fmt.Fprintln(&b, hang(strings.ToUpper(w[:1])+w[1:]+".", width))
	}
	_, err := lipgloss.Fprint(t.out, b.String())
	return err
}

// errorsText is the error of each figure: "13 % of processor time and 2 % of bytes".
func errorsText(errors []model.Fitness) string {
	names := map[string]string{"cpu": "processor time", "memory": "memory", "down": "bytes", "p50": "median latency", "p99": "latency's p99"}
	var parts []string
	for _, e := range errors {
		if name := names[e.Figure]; name != "" {
			parts = append(parts, fmt.Sprintf("%.2g %% of the %s", 100*e.Median, name))
		}
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// asked says the question again, so that a misread flag is noticed.
func asked(a model.Ask) string {
	who := "of its own"
	if a.Readers > 1 {
		who = fmt.Sprintf("that it shares with %s others", count(a.Readers-1))
		if a.Readers == a.Clients {
			who = "that all share"
		}
	}
	text := fmt.Sprintf("%s clients, each reading %.3g messages a second %s, of %s (%s): %s deliveries a second", count(a.Clients), a.Rate, who,
		reports.Figure(bytesMetric, float64(a.Size)), a.Data, reports.Figure(result.Metric{Unit: "1"}, float64(a.Clients)*a.Rate))
	if a.RTT > 0 {
		text += fmt.Sprintf("; %s of round trip", theory.Text(a.RTT))
	}
	if a.Freshness > 0 {
		text += fmt.Sprintf("; 99 of 100 within %s", theory.Text(a.Freshness))
	}
	if a.Proxy != "none" {
		text += "; behind " + a.Proxy
	}
	if a.Tabs > 1 {
		text += fmt.Sprintf("; %d pages open at once", a.Tabs)
	}
	return text + "."
}

var adviceHead = []string{"", "transport", "p50", "p99", "bytes/msg", "server CPU", "memory", "bytes/s·client", "score"}

// adviceRows are the ranking's; errors adds to each figure how far it may be off.
func adviceRows(a *model.Advice, errors bool) [][]string {
	var rows [][]string
	for i, p := range a.Ranked {
		if !errors {
			p.Errors = nil
		}
		place := fmt.Sprint(i + 1)
		if i < a.Level {
			place = "1"
		}
		rows = append(rows, []string{place, p.Title, latency(p.P50, p.Floor, p, "p50"), tail(p), within(sizeText(p.Bytes), p, "down"),
			within(cores(p.Cores), p, "cpu"), within(sizeText(p.Memory), p, "memory"), sizeText(p.Traffic), score(p.Score)})
	}
	return rows
}

// bytesMetric and timeMetric have the units that sizes and times are written in.
var (
	bytesMetric = result.Metric{Unit: "B"}
	timeMetric  = result.Metric{Unit: "ns"}
)

func score(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.2f", v)
}

// latency writes one with its error, which is that of its fitted part alone.
func latency(d, fitted time.Duration, p model.Prediction, figure string) string {
	if d == 0 {
		return "–"
	}
	text := reports.Figure(timeMetric, float64(d))
	if e, ok := p.Errors[figure]; ok && fitted > 0 {
		text += errorText(e.Median * float64(fitted) / float64(d))
	}
	return text
}

// tail is the p99, a lower bound where no tail was measured.
func tail(p model.Prediction) string {
	text := latency(p.P99, p.Tail, p, "p99")
	if p.Blind && p.Interval == 0 && text != "–" {
		return "≥ " + text
	}
	return text
}

// within adds the held-out error of a figure.
func within(text string, p model.Prediction, figure string) string {
	if e, ok := p.Errors[figure]; ok && text != "–" {
		return text + errorText(e.Median)
	}
	return text
}

func errorText(share float64) string { return fmt.Sprintf(" ±%.0f %%", math.Ceil(100*share)) }

func sizeText(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return reports.Figure(bytesMetric, v)
}

func cores(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v < 0.1:
		return fmt.Sprintf("%.2g %%", 100*v)
	}
	return fmt.Sprintf("%.3g cores", v)
}

// showErrors prints the held-out error of everything that was fitted.
func showErrors(t *terminal, m *model.Model) error {
	var rows [][]string
	list := m.Errors()
	slices.SortStableFunc(list, func(a, b model.Fitness) int { return strings.Compare(a.Figure, b.Figure) })
	for _, e := range list {
		rows = append(rows, []string{e.Figure, e.Transport, percentText(e.Median), percentText(e.P90), percentText(e.Max), fmt.Sprint(e.Configurations), fmt.Sprint(e.Runs)})
	}
	text := plainTable([]string{"figure", "transport", "median", "p90", "largest", "configurations", "runs"}, rows, columnsOf(t.out), 2)
	_, err := lipgloss.Fprintf(t.out, "%sThe median of the medians is %s. Each configuration was left out once, and its runs predicted from all others.\n", text, percentText(model.Median(list)))
	return err
}

func percentText(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// plainTable aligns columns from the given one on to the right; what is too wide loses columns from the right.
func plainTable(head []string, rows [][]string, width, right int) string {
	for columns := len(head); ; columns-- {
		t := table.New().Border(lipgloss.HiddenBorder()).
			BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).
			StyleFunc(func(row, column int) lipgloss.Style {
				style := lipgloss.NewStyle()
				if row == table.HeaderRow {
					style = styleQuiet
				}
				if column >= right {
					style = style.Align(lipgloss.Right)
				}
				return style.PaddingRight(1)
			})
		t.Headers(head[:columns]...)
		for _, row := range rows {
			cells := make([]string, columns)
			for i := range cells {
				cells[i] = printable(row[i])
			}
			t.Row(cells...)
		}
		text := trimLines(t.Render())
		if lipgloss.Width(text) <= width || columns <= 3 {
			return text
		}
	}
}

// trimLines takes the spaces from the ends of lines.
func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// hang writes a paragraph with a hanging indent.
func hang(text string, width int) string {
	return "- " + strings.ReplaceAll(wrap(printable(text), width-2), "\n", "\n  ")
}

// sentences begins each with a capital and ends it with a full stop.
func sentences(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.ToUpper(s[:1])+s[1:]+".")
	}
	return out
}

// count writes a number with its thousands apart.
func count(n int) string { return reports.Figure(result.Metric{Unit: "1"}, float64(n)) }
