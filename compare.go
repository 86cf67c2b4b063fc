package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"transportlab/bench/compare"
	"transportlab/bench/result"
	"transportlab/bench/threshold"
)

type compareCommand struct {
	Old        string   `arg:"" help:"Result file of then; - is standard input."`
	New        string   `arg:"" help:"Result file of now; - is standard input."`
	Metrics    []string `short:"m" placeholder:"NAME" env:"TRANSPORTLAB_METRICS" help:"Figures to compare, such as p99 or wireB/msg; all is every one (those that each kind of workload is about)."`
	Workloads  []string `short:"w" placeholder:"NAME" help:"Workloads to compare (all that both have)."`
	Thresholds []string `name:"threshold" sep:"none" placeholder:"RULE" env:"TRANSPORTLAB_THRESHOLD" help:"What must hold: \"p99<+10%\", \"p99<20ms\", \"not worse than baseline by 5%\"; may be repeated (not worse than baseline by 10%)."`
	Margin     float64  `default:"5" placeholder:"PERCENT" help:"Differences that do not matter: figures within them are called equivalent (${default})."`
	Force      bool     `help:"Compare although stores, machines, options or workloads differ."`
}

func (compareCommand) Help() string {
	return `Holds a measurement against an earlier one: which transport has become worse or better, at what,
and by how much, with the interval of the change. A change is called one only when it survives
Holm's correction over everything that is compared, so compare few figures of many runs: 6 of each
are needed for any, 8 for a table of 20 or more. The exit code is 99 when a threshold is broken: a
change for the worse that is proven and larger than it allows.

The two measurements did not take turns. What else changed between them, the machine above all,
looks like a change of the program; measure both with --floors, and the floors will tell.

Examples:

  transportlab compare monday.json tuesday.json
  transportlab compare old.json new.json -m p99,cpu/msg --threshold 'p99<+10%'
  transportlab compare old.json new.json --threshold 'not worse than baseline by 5%' --quiet
  transportlab run -n 8 --json | jq -r .report               measures; result.json is beside the report
  git show HEAD~1:result.json | transportlab compare - result.json`
}

func (c *compareCommand) Run(_ context.Context, t *terminal) error {
	o, err := c.options()
	if err != nil {
		return &exitCodeError{exitUsage, err}
	}
	if c.Old == "-" && c.New == "-" {
		return &exitCodeError{exitUsage, errors.New("standard input can be one of the two results, not both")}
	}
	was, err := readResult(t.in, c.Old)
	if err != nil {
		return err
	}
	now, err := readResult(t.in, c.New)
	if err != nil {
		return err
	}
	if unknown := missing(c.Workloads, now); unknown != "" {
		return &exitCodeError{exitUsage, fmt.Errorf("%s has no workload %q", c.New, unknown)}
	}
	comparison, err := compare.Documents(was, now, o)
	if err != nil {
		return err
	}
	if t.json {
		err = json.NewEncoder(t.out).Encode(comparisonJSON(comparison))
	} else {
		err = showComparison(t, comparison)
	}
	if err == nil && len(comparison.Broken) > 0 {
		return &exitCodeError{exitThreshold, errors.New(strings.Join(comparison.Broken, "; "))}
	}
	return err
}

func (c *compareCommand) options() (compare.Options, error) {
	o := compare.Options{Workloads: c.Workloads, Force: c.Force, Margin: c.Margin / 100}
	if !(c.Margin >= 0 && c.Margin < 100) {
		return o, fmt.Errorf("--margin: %v is not between 0 and 100", c.Margin)
	}
	if c.Margin == 0 {
		o.Margin = -1
	}
	for _, name := range c.Metrics {
		if name == "all" {
			o.Metrics = result.Metrics()
			break
		}
		m, ok := threshold.Find(name)
		if !ok {
			return o, fmt.Errorf("there is no metric %q: choose from %s", name, strings.Join(threshold.Names(), ", "))
		}
		o.Metrics = append(o.Metrics, m)
	}
	rules := c.Thresholds
	if len(rules) == 0 {
		rules = []string{"not worse than baseline by 10%"}
	}
	for _, rule := range rules {
		l, err := threshold.Parse(rule)
		if err != nil {
			return o, err
		}
		o.Thresholds = append(o.Thresholds, l)
	}
	return o, nil
}

// missing is the first of the names that is no workload of the document.
func missing(names []string, d *result.Document) string {
	for _, name := range names {
		found := false
		for _, w := range d.Workloads {
			found = found || w.Name == name
		}
		if !found {
			return name
		}
	}
	return ""
}
