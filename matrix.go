package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/matrix"
)

// findMatrix returns a built-in matrix, or that of a file; "-" is standard input.
func findMatrix(stdin io.Reader, name string) (*matrix.Matrix, error) {
	switch {
	case name == "-":
		return matrix.Parse(stdin, "standard input")
	case filepath.Ext(name) == "" && !strings.ContainsAny(name, `/\`):
		return matrix.Find(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return matrix.Parse(f, name)
}

// explainMatrix prints what a matrix multiplies out to, or the file of a built-in one.
func explainMatrix(t *terminal, name string, source bool) error {
	if source {
		text, err := matrix.Source(name)
		if err != nil {
			return err
		}
		_, err = t.out.Write(text)
		return err
	}
	m, err := findMatrix(t.in, name)
	if err != nil {
		return err
	}
	e, err := m.Expand(bench.DefaultPlan())
	if err != nil {
		return err
	}
	if t.json {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Title     string                  `json:"title"`
			Pairs     map[string][]bench.Pair `json:"pairs"`
			Left      []matrix.Left           `json:"left"`
			Runs      int                     `json:"runs"`
			Estimated time.Duration           `json:"estimated"`
		}{e.Plan.Title, e.Plan.Pairs, e.Left, e.Plan.Runs(), e.Plan.Estimate()})
	}
	return printMatrix(t.out, m, e, columnsOf(t.out))
}

func printMatrix(w io.Writer, m *matrix.Matrix, e *matrix.Expansion, width int) error {
	var b strings.Builder
	fmt.Fprintln(&b, printable(e.Plan.Title))
	if m.Explain != "" {
		fmt.Fprintln(&b, indent(wrap(printable(m.Explain), width-2)))
	}
	b.WriteString("\nEach workload, and the arms that run it:\n")
	for _, l := range e.Plan.Workloads {
		fmt.Fprintf(&b, "  %s, %s after %s\n%s\n", l.Name, l.Duration, l.Warmup, indent(indent(wrap(pairsText(e.Plan, l.Name), width-4))))
	}
	if len(e.Left) > 0 {
		b.WriteString("\nLeft out:\n")
	}
	for _, l := range e.Left {
		more := ""
		if l.Count > 1 {
			more = fmt.Sprintf(" and %d more", l.Count-1)
		}
		fmt.Fprintln(&b, indent(wrap(printable(fmt.Sprintf("part %d, %s%s: %s", l.Part, l.What, more, l.Because)), width-2)))
	}
	fmt.Fprintf(&b, "\n%d workloads, %d arms, %d runs, about %s\n", len(e.Plan.Workloads), len(e.Plan.Arms), e.Plan.Runs(), e.Plan.Estimate().Round(time.Second))
	_, err := io.WriteString(w, b.String())
	return err
}

// pairsText lists the arms of a workload by how often they run it.
func pairsText(p bench.Plan, name string) string {
	times := map[int][]string{}
	for _, pair := range p.Pairs[name] {
		n := p.Blocks
		if pair.Blocks > 0 {
			n = min(n, pair.Blocks)
		}
		times[n] = append(times[n], pair.Arm.String())
	}
	var parts []string
	for n := p.Blocks; n > 0; n-- {
		if len(times[n]) > 0 {
			parts = append(parts, fmt.Sprintf("%d × %s", n, strings.Join(times[n], ", ")))
		}
	}
	return strings.Join(parts, "; ")
}
