package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/charmbracelet/x/term"

	"transportlab/reports"
)

// The styles of results. lipgloss takes colour away where the terminal, NO_COLOR or a pipe asks for that.
var (
	styleTitle = lipgloss.NewStyle().Bold(true)
	styleQuiet = lipgloss.NewStyle().Faint(true)
	styleBest  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	styleAlarm = lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true)
)

// manySections is beyond how many workloads the terminal shows verdicts alone; of those that look at one thing
// more closely it shows no more either. The report has the rest.
const manySections = 8

// show writes a report's tables and verdicts for people, in at most width columns.
func show(w io.Writer, r *reports.Report, width int) error {
	var b strings.Builder
	mains := 0
	for _, s := range r.Sections {
		if s.Main {
			mains++
		}
	}
	for _, s := range r.Sections {
		if !s.Main || mains > manySections {
			fmt.Fprintln(&b, wrap(styleTitle.Render(printable(s.Name))+"  "+printable(s.Verdict.Text), width))
			continue
		}
		fmt.Fprintf(&b, "\n%s  %s\n", styleTitle.Render(printable(s.Name)), styleQuiet.Render(printable(s.Explain)))
		fmt.Fprintln(&b, summaryTable(s, width))
		fmt.Fprintln(&b, wrap(printable(s.Verdict.Text), width))
		for _, pair := range s.Verdict.Pairs {
			fmt.Fprintln(&b, wrap("  "+printable(pair)+".", width))
		}
	}
	for _, line := range r.SaturationLines() {
		fmt.Fprintf(&b, "\n%s\n", wrap(printable(line), width))
	}
	fmt.Fprintf(&b, "\n%s\n", wrap(styleQuiet.Render(printable(r.CalibrationLine())), width))
	for _, alarm := range r.Alarms {
		fmt.Fprintf(&b, "\n%s %s\n", styleAlarm.Render("!"), wrap(printable(alarm), width-2))
	}
	_, err := lipgloss.Fprintln(w, b.String())
	return err
}

// summaryTable is a section as a table; columns that do not fit are left out from the right, since the
// report has them all.
func summaryTable(s reports.Section, width int) string {
	full := s.Table(true)
	for columns := len(full.Head); ; columns-- {
		t := table.New().Border(lipgloss.HiddenBorder()).
			BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).
			StyleFunc(func(row, column int) lipgloss.Style { return cellStyle(s, row, column) })
		t.Headers(full.Head[:columns]...)
		for _, row := range full.Rows {
			cells := make([]string, columns)
			for i := range cells {
				cells[i] = printable(row.Cells[i].Text)
			}
			t.Row(cells...)
		}
		text := t.Render()
		if lipgloss.Width(text) <= width || columns <= 3 {
			return text
		}
	}
}

func cellStyle(s reports.Section, row, column int) lipgloss.Style {
	style := lipgloss.NewStyle()
	switch {
	case row == table.HeaderRow:
		style = styleQuiet
	case s.Rows[row].Arm.Floor:
		style = styleQuiet
	case row == 0:
		style = styleBest
	}
	if column > 0 {
		style = style.Align(lipgloss.Right)
	}
	return style.PaddingRight(1)
}

func wrap(text string, width int) string { return lipgloss.Wrap(text, width, " ") }

// printable keeps control characters in names from reaching the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// columnsOf is the width of a terminal; 80 when w is none, or COLUMNS when that is set.
func columnsOf(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 20 && n <= 1000 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(f.Fd()); err == nil && width >= 20 {
			return width
		}
	}
	return 100
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}
