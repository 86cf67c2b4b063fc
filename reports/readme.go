package reports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// The marks between which a README's figures stand.
const (
	readmeBegin = "<!-- measured: written by make readme -->"
	readmeEnd   = "<!-- /measured -->"
)

// UpdateReadme returns a README in which the figures between the two marks are those of the report,
// which lies in the folder dir as the README names it. Without the marks it is an error.
func (r *Report) UpdateReadme(old []byte, dir string) ([]byte, error) {
	head, rest, ok := bytes.Cut(old, []byte(readmeBegin))
	_, tail, ok2 := bytes.Cut(rest, []byte(readmeEnd))
	if !ok || !ok2 {
		return nil, errors.New("there is no " + readmeBegin + " … " + readmeEnd + " in it")
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString(readmeBegin + "\n")
	if err := r.writeFigures(&b, filepath.ToSlash(dir)); err != nil {
		return nil, err
	}
	b.WriteString(readmeEnd)
	b.Write(tail)
	return b.Bytes(), nil
}

// writeFigures writes the answer, a table with a column per workload, and which transport when.
func (r *Report) writeFigures(w io.Writer, dir string) error {
	m := &markdown{w: bufio.NewWriter(w)}
	m.line("%s [The whole report](%s/report.md), [as a page](%s/report.html), [its data](%s/result.json).", inert(r.summary()), dir, dir, dir)
	m.verdicts(r)
	m.table(r.overview())
	if others := r.others(); others != nil {
		m.line("The report looks more closely at single things — conditions, sizes, intervals — in %s.", plural(len(others.Rows), "further comparison"))
	}
	m.line("Medians over runs. Which transport when, by these figures:")
	for _, c := range r.Chapters {
		if c.ID == "guide" {
			for _, p := range c.Parts {
				for _, t := range p.Tables {
					m.table(t)
				}
			}
		}
	}
	if charts := r.Charts(); len(charts) > 0 {
		m.line("![%s](%s/%s.svg)", inert(charts[0].Title), dir, charts[0].ID)
	}
	return m.w.Flush()
}

// overview has a row per arm and the headline of each workload, with bytes and CPU of the first that has them.
func (r *Report) overview() Table {
	t := Table{Head: []string{"Transport"}}
	type column struct {
		section Section
		name    string
	}
	var columns []column
	costs := false
	for _, s := range r.Sections {
		if !s.Main {
			continue
		}
		columns = append(columns, column{s, s.Columns[0].Name})
		t.Head = append(t.Head, fmt.Sprintf("%s: %s", s.Name, heads[s.Columns[0].Name]))
		for _, name := range []string{"wire-B/msg", "cpu-ns/msg"} {
			if !costs && s.has(name) {
				columns = append(columns, column{s, name})
				t.Head = append(t.Head, fmt.Sprintf("%s: %s", s.Name, heads[name]))
			}
		}
		costs = costs || s.has("wire-B/msg")
	}
	for _, arm := range r.Arms {
		row := []string{arm.Name}
		known := 0
		for _, c := range columns {
			text := c.section.figure(arm, c.name)
			if text != absent {
				known++
			}
			row = append(row, text)
		}
		if known > 0 && 2*known >= len(columns) { // others are variants that only some workloads have
			t.add(row...)
		}
	}
	return t
}

func (s Section) has(name string) bool {
	for _, c := range s.Columns {
		if c.Name == name {
			return true
		}
	}
	return false
}

// figure is the text of one arm's cell.
func (s Section) figure(arm Arm, name string) string {
	for _, r := range s.Rows {
		if r.Arm.ArmInfo.Arm != arm.ArmInfo.Arm {
			continue
		}
		for i, c := range s.Columns {
			if c.Name == name && r.Cells[i].Text != "" {
				return r.Cells[i].Text
			}
		}
	}
	return "–"
}
