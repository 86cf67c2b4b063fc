package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"transportlab/bench/result"
	"transportlab/bench/threshold"
	"transportlab/reports"
)

type reportCommand struct {
	Files    []string `arg:"" name:"file" help:"Result files that run wrote; - is standard input. Several are joined into one report."`
	Out      string   `short:"o" default:"artifacts/report" placeholder:"DIR" env:"TRANSPORTLAB_OUT" help:"Folder to write the report into (${default})."`
	Readme   string   `placeholder:"FILE" help:"Also write the figures between the marks of a README that lies where the command runs."`
	Baseline string   `placeholder:"FILE" help:"An earlier result, which the workloads' thresholds may ask not to be worse than."`
	Force    bool     `help:"Join results although their stores, options or workloads differ."`
}

func (reportCommand) Help() string {
	return `Examples:

  transportlab report artifacts/latest/result.json -o report
  transportlab report monday.json tuesday.json -o both
  transportlab report - -o report < result.json`
}

func (c *reportCommand) Run(ctx context.Context, t *terminal) error {
	documents := make([]*result.Document, len(c.Files))
	for i, name := range c.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := readResult(t.in, name)
		if err != nil {
			return err
		}
		documents[i] = d
	}
	d, err := reports.Join(documents, c.Force)
	if err != nil {
		return err
	}
	baseline, err := readBaseline(t.in, c.Baseline)
	if err != nil {
		return err
	}
	if err := threshold.Check(d.Workloads, baseline != nil); err != nil {
		return err
	}
	r, err := reports.New(d)
	if err != nil {
		return err
	}
	var worse []string
	if baseline != nil {
		worse = r.Against(baseline)
	}
	path, err := r.Write(c.Out)
	if err != nil {
		return err
	}
	if c.Readme != "" {
		if err := updateReadme(r, c.Readme, c.Out); err != nil {
			return err
		}
	}
	return conclude(t, r, path, worse...)
}

func updateReadme(r *reports.Report, name, dir string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err := r.UpdateReadme(old, dir)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return result.WriteWhole(name, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func readResult(stdin io.Reader, name string) (*result.Document, error) {
	if name != "-" {
		return result.ReadFile(name)
	}
	d, err := result.Read(stdin)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return d, nil
}

// readBaseline reads the result that thresholds are held against; nil without a name.
func readBaseline(stdin io.Reader, name string) (*result.Document, error) {
	if name == "" {
		return nil, nil
	}
	d, err := readResult(stdin, name)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return d, nil
}

// conclude prints a report's figures and, as the last line, where it is. The error says that a promise
// was broken, when one was; worse are those of the comparison with a baseline.
func conclude(t *terminal, r *reports.Report, path string, worse ...string) error {
	path = filepath.ToSlash(path)
	if t.json {
		enc := json.NewEncoder(t.out)
		if err := enc.Encode(struct {
			reports.Summary
			Report string `json:"report"`
		}{r.Summary(), path}); err != nil {
			return err
		}
	} else {
		if !t.quiet {
			if err := show(t.out, r, columnsOf(t.out)); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(t.out, path); err != nil {
			return err
		}
	}
	if broken := append(r.Broken(), worse...); len(broken) > 0 {
		return &exitCodeError{code: exitThreshold, err: errors.New(strings.Join(broken, "; "))}
	}
	return nil
}
