package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"transportlab/bench/threshold"
	"transportlab/bench/workload"
)

type workloadsCommand struct {
	Names  []string `arg:"" optional:"" name:"name" help:"Built-in workloads, or files to check; all built-in ones when there is none."`
	Matrix string   `placeholder:"NAME" help:"Explain a matrix instead, a built-in one (quick, standard) or a file: what it multiplies out to, what it leaves out and why, how long it takes."`
	YAML   bool     `name:"yaml" help:"Print them as a workload file, to start one's own from."`
}

func (workloadsCommand) Help() string {
	return `A workload says what is asked of every transport: who sends what to whom, when, for how long.

Examples:

  transportlab workloads                      lists the built-in ones
  transportlab workloads chat --yaml > my.yaml  begins a file of one's own
  transportlab workloads my.yaml              checks it; errors point at the line
  transportlab workloads --matrix standard    what run --matrix standard measures
  transportlab workloads --matrix standard --yaml > my-matrix.yaml
  transportlab run -w my.yaml                 runs it`
}

func (c *workloadsCommand) Run(_ context.Context, t *terminal) error {
	if c.Matrix != "" {
		return explainMatrix(t, c.Matrix, c.YAML)
	}
	list := workload.Builtin()
	if len(c.Names) > 0 {
		var err error
		if list, err = findWorkloads(t.in, c.Names); err != nil {
			return err
		}
		if err := threshold.Check(list, true); err != nil {
			return err
		}
	}
	switch {
	case t.json:
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	case c.YAML:
		return writeYAML(t.out, list)
	}
	for i, w := range list {
		if i > 0 {
			fmt.Fprintln(t.out)
		}
		if err := explainWorkload(t.out, w, columnsOf(t.out)); err != nil {
			return err
		}
	}
	if len(c.Names) == 0 && !t.quiet {
		fmt.Fprintln(t.out, "\nKinds of workloads, for a file of one's own:")
		for _, k := range workload.Kinds() {
			fmt.Fprintf(t.out, "  %-7s %s\n", k.Kind, k.Explain)
		}
	}
	return nil
}

func explainWorkload(w io.Writer, l workload.Workload, width int) error {
	text := l.Name
	if l.Explain != "" {
		text += "\n" + indent(wrap(printable(l.Explain), width-2))
	}
	what := fmt.Sprintf("kind %s, %d clients, %d publishers, %d topics", l.Kind, l.Clients, l.Publishers, l.Topics)
	if l.Kind.Sends() && !l.Kind.Closed() {
		what += fmt.Sprintf(", %v messages/s %s", l.Rate, l.Arrival.Process)
	}
	if l.Kind.Sends() {
		what += fmt.Sprintf(", %d bytes", l.Size)
	}
	what += fmt.Sprintf(", %s after %s of warm-up", l.Duration, l.Warmup)
	_, err := fmt.Fprintf(w, "%s\n%s\n", text, indent(wrap(what, width-2)))
	return err
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// findWorkloads returns the workloads that names stand for: built-in ones, or files; "-" is standard
// input.
func findWorkloads(stdin io.Reader, names []string) ([]workload.Workload, error) {
	var list []workload.Workload
	for _, name := range names {
		switch {
		case name == "-":
			ws, err := workload.Parse(stdin, "standard input")
			if err != nil {
				return nil, err
			}
			list = append(list, ws...)
		case filepath.Ext(name) != "" || strings.ContainsAny(name, `/\`):
			ws, err := parseFile(name)
			if err != nil {
				return nil, err
			}
			list = append(list, ws...)
		default:
			w, err := workload.Find(name)
			if err != nil {
				return nil, err
			}
			list = append(list, w)
		}
	}
	return list, nil
}

func parseFile(name string) ([]workload.Workload, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return workload.Parse(f, name)
}

func writeYAML(w io.Writer, list []workload.Workload) error {
	text, err := yaml.Marshal(map[string]any{"workloads": list})
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
