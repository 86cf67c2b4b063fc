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
		heading, _ := r.heading()
		m.line("**%s**", heading)
		m.list(r.Alarms)
	}
	facts := Table{Head: []string{"", ""}}
	for _, f := range r.facts() {
		facts.add(f[:]...)
	}
	m.table(facts)
	m.line("## The answer")
	m.verdicts(r)
	if others := r.others(); others != nil {
		m.line("Looked at more closely:")
		m.table(*others)
	}
	for _, s := range r.Sections {
		if s.Condition == r.Sections[0].Condition {
			m.item("%s: %s", inert(s.Name), inert(s.Explain))
		}
	}
	m.end()
	for _, c := range r.Chapters {
		m.chapter(c)
	}
	m.line("## Data")
	m.line("Everything above is computed from [result.json](result.json), which holds every run with its histograms; `transportlab report result.json` makes this report again. [runs.csv](runs.csv) has a row per run, [benchmarks.txt](benchmarks.txt) is for benchstat, [report.html](report.html) is this report as a page.")
	if len(r.Document.Command) > 0 {
		m.line("Made by: %s", inert(strings.Join(quoteAll(r.Document.Command), " ")))
	}
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

// verdicts are those of the main sections.
func (m *markdown) verdicts(r *Report) {
	for _, s := range r.Sections {
		if s.Main {
			m.item("**%s**: %s", inert(s.Name), inert(s.Verdict.Text))
		}
	}
	m.end()
}

func (m *markdown) chapter(c Chapter) {
	m.line("## %s", inert(c.Title))
	for _, text := range c.Lead {
		m.line("%s", inert(text))
	}
	for _, p := range c.Parts {
		if p.Title != "" {
			m.line("### %s", inert(p.Title))
		}
		for _, text := range p.Text {
			m.line("%s", inert(text))
		}
		if p.Strong != "" {
			m.line("**%s**", inert(p.Strong))
		}
		if len(p.List) > 0 {
			m.list(p.List)
		}
		for _, t := range p.Tables {
			m.table(t)
		}
		for _, term := range p.Terms {
			m.item("%s: %s", inert(term.Word), inert(term.Meaning))
		}
		if len(p.Terms) > 0 {
			m.end()
		}
		for _, chart := range p.Charts {
			m.line("![%s](%s.svg)", inert(chart.Title), chart.ID)
			m.line("%s", inert(chart.Desc))
			m.table(chart.Table)
		}
	}
}

func (m *markdown) table(t Table) {
	if len(t.Rows) == 0 {
		return
	}
	m.w.WriteString("|")
	for _, h := range t.Head {
		m.w.WriteString(" " + inert(h) + " |")
	}
	m.w.WriteString("\n|" + strings.Repeat(" --- |", len(t.Head)) + "\n")
	for _, row := range t.Rows {
		m.w.WriteString("|")
		for _, e := range row.Cells {
			text := inert(e.String())
			if e.Note > 0 {
				text += fmt.Sprintf(" \\[%d\\]", e.Note)
			}
			m.w.WriteString(" " + text + " |")
		}
		m.w.WriteString("\n")
	}
	m.end()
	for i, note := range t.Notes {
		fmt.Fprintf(m.w, "%d. %s\n", i+1, inert(note))
	}
	if len(t.Notes) > 0 {
		m.end()
	}
	for _, remark := range t.Remarks {
		m.line("%s", inert(remark))
	}
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
