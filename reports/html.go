package reports

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
)

//go:embed templates
var templateFiles embed.FS

// templates are parsed once; they are this program's own, so that an error in them is a defect.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(templateFiles, "templates/*.tmpl"))
})

// A page is what the template of the HTML report is given.
type page struct {
	*Report
	Title   string
	Summary string
	Facts   [][2]string
	Others  *Table // verdicts of the sections that are not the main ones
	Heading string // over the alarms
	Failed  bool   // a promise was broken: the head is red
	Command string
	Runs    int
	Started string
	JSON    any
}

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no other host.
func (r *Report) WriteHTML(w io.Writer) error {
	d := r.Document
	heading, failed := r.heading()
	return execute(w, "report.html.tmpl", page{
		Report: r, Title: r.Title(), Summary: r.summary(), Facts: r.facts(), Others: r.others(), Heading: heading, Failed: failed,
		Command: strings.Join(quoteAll(d.Command), " "), Runs: len(d.Runs), Started: d.Started.UTC().Format("2006-01-02 15:04 MST"),
		JSON: r.Summary(),
	})
}

// WriteSVG writes a chart as a file of its own, with its colours for light and dark.
func (c Chart) WriteSVG(w io.Writer) error {
	return execute(w, "file.svg.tmpl", c)
}

// execute writes a template, which comes in many small pieces.
func execute(w io.Writer, name string, data any) error {
	b := bufio.NewWriterSize(printable{w}, 64<<10)
	if err := templates().ExecuteTemplate(b, name, data); err != nil {
		return err
	}
	return b.Flush()
}

// printable replaces control characters, which XML and HTML forbid even when escaped.
type printable struct{ w io.Writer }

func (p printable) Write(b []byte) (int, error) {
	clean := bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return '?'
		}
		return r
	}, b)
	if _, err := p.w.Write(clean); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Title is the document's, or says what it compares.
func (r *Report) Title() string {
	if r.Document.Title != "" {
		return r.Document.Title
	}
	return fmt.Sprintf("%d transports compared", len(r.Arms))
}

// quoteAll quotes words as a shell needs them.
func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r))
		}) {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		quoted[i] = w
	}
	return quoted
}
