package reports

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteMarkdown writes the report as Markdown whose plots are the SVG files beside it.
func (r *Report) WriteMarkdown(w io.Writer) error {
	m := &markdown{w: bufio.NewWriter(w)}
	m.line("# %s", inert(r.Title()))
	m.line("%s", inert(r.summary()))
	if len(r.Alarms) > 0 {
		m.line("**Before you read on**")
		m.list(r.Alarms)
	}
	facts := Table{Head: []string{"", ""}}
	for _, f := range r.facts() {
		facts.Rows = append(facts.Rows, f[:])
	}
	m.table(facts)
	m.line("## The answer")
	for _, s := range r.Sections {
		m.item("**%s**: %s", inert(s.Workload.Name), inert(s.Verdict.Text))
	}
	m.end()
	if len(r.Guide) > 0 {
		m.line("## Which transport when")
		m.guide(r)
	}
	for _, s := range r.Sections {
		m.section(s)
	}
	m.line("## What became of every message")
	m.table(r.accounting())
	if f := r.failures(); len(f.Rows) > 0 {
		m.line("### Runs that do not count, and limits of those that do")
		m.table(f)
	}
	m.line("## The instrument itself")
	m.table(r.instrument())
	if c := r.calibration(); len(c.Rows) > 0 {
		m.line("### Calibration")
		m.table(c)
	}
	m.line("## Environment and settings")
	m.table(r.environment())
	m.table(r.settings())
	m.line("Method, and what an acknowledgement does not promise, stand in [report.html](report.html); all runs in [result.json](result.json) and [runs.csv](runs.csv).")
	return m.w.Flush()
}

// markdown writes blocks, each followed by an empty line. Errors are kept by the buffered writer.
type markdown struct{ w *bufio.Writer }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m.w, format+"\n\n", args...) }

func (m *markdown) item(format string, args ...any) { fmt.Fprintf(m.w, "- "+format+"\n", args...) }

func (m *markdown) list(texts []string) {
	for _, t := range texts {
		m.item("%s", inert(t))
	}
	m.end()
}

// end closes a block whose last line is already ended.
func (m *markdown) end() { m.w.WriteString("\n") }

func (m *markdown) table(t Table) {
	if len(t.Rows) == 0 {
		return
	}
	row := func(cells []string) {
		m.w.WriteString("|")
		for _, c := range cells {
			m.w.WriteString(" " + inert(c) + " |")
		}
		m.w.WriteString("\n")
	}
	row(t.Head)
	m.w.WriteString("|" + strings.Repeat(" --- |", len(t.Head)) + "\n")
	for _, cells := range t.Rows {
		row(cells)
	}
	m.end()
}

func (m *markdown) guide(r *Report) {
	t := Table{Head: []string{"Situation", "Choose", "Measured"}}
	for _, a := range r.Guide {
		choose := a.Choose
		if !a.Sure {
			choose += " (indication: too few runs)"
		}
		t.Rows = append(t.Rows, []string{a.Situation, choose, a.Measured})
	}
	m.table(t)
	properties := Table{Head: []string{"Property"}, Rows: r.traits()}
	for _, arm := range r.TraitNames() {
		properties.Head = append(properties.Head, arm.Name)
	}
	m.table(properties)
	for i, note := range footnotes {
		fmt.Fprintf(m.w, "%d. %s\n", i+1, note)
	}
	m.end()
}

func (m *markdown) section(s Section) {
	m.line("## %s", inert(s.Workload.Name))
	m.line("%s", inert(s.Explain))
	m.line("**%s**", inert(s.Verdict.Text))
	m.table(s.Table(false))
	for _, pair := range s.Verdict.Pairs {
		m.item("%s.", inert(pair))
	}
	if len(s.Verdict.Pairs) > 0 {
		m.end()
	}
	for _, c := range s.Charts {
		m.line("![%s](%s.svg)", inert(c.Title), c.ID)
		m.line("%s", inert(c.Desc))
		m.table(c.Table)
	}
}

// Table is the section's rows as text; brief leaves out all intervals but the headline's.
func (s Section) Table(brief bool) Table {
	t := Table{Head: []string{"Transport"}}
	for i, c := range s.Columns {
		t.Head = append(t.Head, heads[c.Name])
		if i == 0 {
			t.Head = append(t.Head, "relative")
		}
	}
	t.Head = append(t.Head, "runs")
	for _, r := range s.Rows {
		name := r.Arm.Name
		if r.Arm.Floor {
			name += " (floor)"
		}
		row := []string{name}
		for i, c := range r.Cells {
			text := figure(c)
			if brief && i > 0 {
				text = c.Text
			}
			if text == "" {
				text = "–"
			}
			row = append(row, text)
			if i == 0 {
				relative := r.Relative
				if relative == "" {
					relative = "–"
				}
				row = append(row, relative)
			}
		}
		runs := fmt.Sprint(r.Runs)
		if r.Failed > 0 {
			runs += fmt.Sprintf(" (%d failed)", r.Failed)
		}
		t.Rows = append(t.Rows, append(row, runs))
	}
	return t
}

// inert escapes text so that Markdown shows it as it is: no markup, no HTML, no new line or cell.
func inert(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r): // also those that turn the direction of text
			b.WriteRune('\uFFFD')
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_[]|#!~$@", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == ':' && strings.HasSuffix(b.String(), "http"), r == ':' && strings.HasSuffix(b.String(), "https"):
			b.WriteString("&#58;") // else it becomes a link by itself
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
