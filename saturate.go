package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/reports"
)

// limits are the flags of a search for what arms carry.
type limits struct {
	Limit       time.Duration `placeholder:"TIME" default:"300ms" help:"Most that the latency's 99th percentile may be at a knee (${default})."`
	Step        time.Duration `placeholder:"TIME" default:"1500ms" help:"Measured part of a try (${default})."`
	Clients     []int         `placeholder:"N" default:"1,2,4,8,16,32,64" help:"Numbers of clients of the sweep (${default})."`
	Turns       int           `placeholder:"N" default:"3" help:"How often the sweep stops at each number (${default})."`
	MaxRate     float64       `placeholder:"N" default:"1000000" help:"Most messages a second that are tried (${default})."`
	MaxDuration time.Duration `placeholder:"TIME" default:"15m" help:"No try begins after so long (${default})."`
}

func (l limits) saturation() bench.Saturation {
	return bench.Saturation{Limit: l.Limit, Step: l.Step, Clients: l.Clients, Turns: l.Turns, MaxRate: l.MaxRate, MaxTime: l.MaxDuration}
}

// beside is a search beside a measurement, which is not to take longer than that.
func beside() bench.Saturation {
	return bench.Saturation{Step: time.Second, Ratio: 1.15, Clients: []int{1, 2, 4, 8, 16, 32}, Length: 400 * time.Millisecond, Turns: 1, MaxTime: 4 * time.Minute}
}

type saturateCommand struct {
	Workload   string   `short:"w" placeholder:"NAME" default:"push" help:"Whose rate is raised until it is too much (${default})."`
	Transports []string `short:"t" placeholder:"NAME" env:"TRANSPORTLAB_TRANSPORTS" help:"Which ones (polling, ajax, longpoll, streaming, websocket)."`
	Carriers   []string `placeholder:"NAME" env:"TRANSPORTLAB_CARRIERS" help:"What lies under them: h1, h1tls, h2c, h2 (h1)."`
	Only       string   `placeholder:"PART" enum:"both,knee,sweep" default:"both" help:"knee: the highest rate alone; sweep: more and more clients alone (${default})."`
	Limits     limits   `embed:""`
	Seed       uint64   `placeholder:"N" env:"TRANSPORTLAB_SEED" help:"Of the order of the tries, and of every workload's send times and contents (1)."`
	Redis      string   `default:"auto" placeholder:"SPEC" env:"TRANSPORTLAB_REDIS" help:"Where the log is kept: auto, embedded, memory, or a URL (${default})."`
	Out        string   `short:"o" default:"artifacts/saturation" placeholder:"DIR" env:"TRANSPORTLAB_OUT" help:"Folder for result and report (${default})."`
	Tuning     tuning   `embed:"" group:"Options of the transports"`
}

func (saturateCommand) Help() string {
	return `Finds how much each transport carries on this machine. The rate of an open loop is raised until the 99th
percentile of the latency passes the limit, or messages are late, lost or pile up; the highest rate that holds is
the knee. A closed loop gets more and more clients, and the universal scalability law is fitted to what it
delivers. Ctrl-C keeps what was found.

Examples:

  transportlab saturate                                   all of them
  transportlab saturate -t websocket,polling --limit 50ms
  transportlab saturate --only knee -w fanout -t streaming
  transportlab run --saturation                           the same beside a measurement, in its report`
}

func (c *saturateCommand) Run(ctx context.Context, t *terminal) error {
	run := runCommand{Transports: c.Transports, Carriers: c.Carriers, Workloads: []string{c.Workload}, Seed: c.Seed, Redis: c.Redis, Tuning: c.Tuning,
		Title: "What each transport carries"}
	plan, err := run.plan(t)
	if err != nil {
		return &exitCodeError{exitUsage, err}
	}
	s := c.Limits.saturation()
	s.Knee, s.NoKnee, s.NoSweep = plan.Workloads[0], c.Only == "sweep", c.Only == "knee"
	if err := errors.Join(s.Check(), plan.Check()); err != nil {
		return &exitCodeError{exitUsage, err}
	}
	if err := writable(c.Out); err != nil {
		return err
	}
	d := bench.NewDocument(plan)
	err = saturate(ctx, t, plan, s, d)
	if len(d.Knees)+len(d.Scalings) == 0 {
		return interrupted(err)
	}
	r, reportErr := reports.New(d)
	if reportErr != nil {
		return reportErr
	}
	path, writeErr := r.Write(c.Out)
	if writeErr != nil {
		return writeErr
	}
	return errors.Join(interrupted(err), printLimits(t, d, filepath.ToSlash(path)))
}

// printLimits prints what was found and, as the last line, where the report is.
func printLimits(t *terminal, d *result.Document, path string) error {
	if t.json {
		return json.NewEncoder(t.out).Encode(struct {
			Knees    []result.Knee    `json:"knees"`
			Scalings []result.Scaling `json:"scalings"`
			Partial  string           `json:"partial,omitempty"`
			Report   string           `json:"report"`
		}{d.Knees, d.Scalings, d.Partial, path})
	}
	var b strings.Builder
	if !t.quiet {
		for _, k := range d.Knees {
			fmt.Fprintln(&b, kneeLine(k))
		}
		for _, s := range d.Scalings {
			fmt.Fprintln(&b, scalingLine(s))
		}
		if d.Partial != "" {
			fmt.Fprintln(&b, printable(d.Partial))
		}
	}
	fmt.Fprintln(&b, path)
	_, err := io.WriteString(t.out, b.String())
	return err
}

func kneeLine(k result.Knee) string {
	head := fmt.Sprintf("%-6s %-12s ", k.Workload, k.Arm)
	switch {
	case k.Lo == 0 && k.Hi == 0:
		return head + "nothing can be said: " + printable(k.Steps[len(k.Steps)-1].Reason)
	case k.Lo == 0:
		return head + fmt.Sprintf("does not hold %.0f/s (%s)", k.Steps[len(k.Steps)-1].Load, k.Bound)
	case k.Hi == 0:
		return head + fmt.Sprintf("at least %.0f/s (ended by: %s)", k.Lo, k.Bound)
	}
	return head + fmt.Sprintf("%.0f/s, between %.0f and %.0f (%s)", k.Rate, k.Lo, k.Hi, k.Bound)
}

func scalingLine(s result.Scaling) string {
	peak := "no peak up to there"
	if s.Peak > 0 {
		peak = fmt.Sprintf("peak at %.0f clients", s.Peak)
	}
	return fmt.Sprintf("%-6s %-12s one client %.0f/s, contention %.3g, coherency %.2g, %s, R² %.3f", s.Workload, s.Arm, s.Lambda, s.Sigma, s.Kappa, peak, s.R2)
}

// saturate adds to d what arms carry, and tells of every try.
func saturate(ctx context.Context, t *terminal, plan bench.Plan, s bench.Saturation, d *result.Document) error {
	p := newProgress(t)
	err := bench.Saturate(ctx, plan, s, d, p.try)
	p.end()
	return err
}

// try is called for every load that was tried.
func (p *progress) try(e bench.Try) {
	if p.quiet {
		return
	}
	fmt.Fprintf(p.w, "%3d  %s\n", e.Number, tryLine(e))
}

func tryLine(e bench.Try) string {
	s := e.Step
	what, load := "knee", fmt.Sprintf("%.0f/s", s.Load)
	if e.Sweep {
		what, load = "sweep", fmt.Sprintf("%.0f clients", s.Load)
	}
	line := fmt.Sprintf("%-5s  %-12s %12s  %8.0f/s out  p50 %-8s p99 %-8s", what, e.Arm, load, s.Out, rounded(s.P50), rounded(s.P99))
	if !s.Held {
		line += "  too much: " + printable(s.Reason)
	}
	return line
}
