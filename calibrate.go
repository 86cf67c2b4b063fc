package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"transportlab/bench/calibrate"
	"transportlab/bench/result"
)

type calibrateCommand struct {
	Quick  bool   `help:"What every run begins with: half a minute instead of three; the table says what it leaves out."`
	Seed   uint64 `placeholder:"N" env:"TRANSPORTLAB_SEED" help:"Of the order of the arms (1)."`
	Vegeta string `placeholder:"PATH" env:"TRANSPORTLAB_VEGETA" help:"A vegeta command that is given the stall test too; its answer stands beside the lab's. make calibrate knows one."`
}

func (calibrateCommand) Help() string {
	return `Hides known truths beneath the instrument (a delay, a byte, a stall, a lost message, burnt CPU time, nothing
at all) and holds what it reads against them. Exit code 99 says that a reading was wrong: do not believe
anything that is measured on this machine now. Readings that were wrong while the machine was disturbed are
taken again, at most twice.

Examples:

  transportlab calibrate                     everything, about three minutes
  transportlab calibrate --quick             what every run begins with
  transportlab run --calibrate full          the same, in a report
  make calibrate                             with vegeta's answers beside`
}

func (c *calibrateCommand) Run(ctx context.Context, t *terminal) error {
	length := "full"
	if c.Quick {
		length = "quick"
	}
	r, err := calibrated(ctx, t, length, c.Seed, c.Vegeta)
	if err != nil {
		return err
	}
	if t.json {
		err = json.NewEncoder(t.out).Encode(struct {
			Passed bool `json:"passed"`
			calibrate.Result
		}{len(r.Failed()) == 0, r})
	} else {
		err = showCalibration(t.out, r, columnsOf(t.out))
	}
	if err != nil {
		return err
	}
	if failed := r.Failed(); len(failed) > 0 {
		return &exitCodeError{exitThreshold, fmt.Errorf("calibration failed: %s", names(failed))}
	}
	return nil
}

// calibrated calibrates for some length, telling how far it is. A wrong flag is an error before anything begins.
func calibrated(ctx context.Context, t *terminal, length string, seed uint64, vegeta string) (calibrate.Result, error) {
	if length == "no" {
		return calibrate.Result{}, nil
	}
	if vegeta != "" {
		if _, err := exec.LookPath(vegeta); err != nil {
			return calibrate.Result{}, &exitCodeError{exitUsage, fmt.Errorf("--vegeta: %w", err)}
		}
	}
	p := newProgress(t)
	defer p.end()
	return calibrate.Run(ctx, calibrate.Config{Quick: length == "quick", Seed: seed, Vegeta: vegeta, Observe: p.calibrating})
}

// calibrating is called for every event of a calibration, one at a time.
func (p *progress) calibrating(e calibrate.Event) {
	switch {
	case p.quiet:
	case e.Finished == nil && p.live:
		line := fmt.Sprintf("calibrating %d/%d  %s", e.Number, e.Total, e.Step)
		if e.Again > 0 {
			line += " again, the machine was disturbed"
		}
		io.WriteString(p.w, clearLine+cut(line+"  "+e.Left.Round(time.Second).String()+" left", p.width-1))
	case e.Finished != nil:
		failed := calibrate.Result{Checks: e.Finished}.Failed()
		if p.live && len(failed) == 0 {
			return
		}
		if p.live {
			io.WriteString(p.w, clearLine)
		}
		verdict := "passed"
		if len(failed) > 0 {
			verdict = "FAILED: " + printable(names(failed))
		}
		fmt.Fprintf(p.w, "calibration %*d/%d  %s: %s\n", len(strconv.Itoa(e.Total)), e.Number, e.Total, e.Step, verdict)
	}
}

func names(checks []result.Check) string {
	list := make([]string, len(checks))
	for i, c := range checks {
		list[i] = fmt.Sprintf("%s was %s and read as %s", c.Name, quantity(c.Truth, c.Unit), quantity(c.Read, c.Unit))
	}
	return strings.Join(list, "; ")
}

// quantity is a figure of a check with its unit.
func quantity(v float64, unit string) string { return strings.TrimSpace(figure(v) + " " + unit) }

// figure keeps four digits, and all those before the point.
func figure(v float64) string {
	if v >= 1000 || v <= -1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// showCalibration writes the table for people, and the notes of what failed; --json has those of all rows.
func showCalibration(w io.Writer, r calibrate.Result, width int) error {
	var b strings.Builder
	t := table.New().Border(lipgloss.HiddenBorder()).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).
		StyleFunc(func(row, column int) lipgloss.Style { return checkStyle(r.Checks, row, column) })
	t.Headers("", "truth", "read", "tolerance", "verdict")
	for _, c := range r.Checks {
		t.Row(printable(c.Name), printable(quantity(c.Truth, c.Unit)), figure(c.Read), "± "+figure(c.Tolerance), verdictOf(c))
	}
	fmt.Fprintln(&b, t.Render())
	for _, c := range r.Checks {
		if !c.Passed && c.Note != "" {
			fmt.Fprintf(&b, "\n%s\n", wrap(printable(c.Name+": "+c.Note+"."), width))
		}
	}
	if len(r.Shortened) > 0 {
		fmt.Fprintf(&b, "\n%s\n", wrap("Shortened: "+strings.Join(r.Shortened, "; ")+".", width))
	}
	if c := r.Capacity; c != nil {
		fmt.Fprintf(&b, "\n%s\n", wrap(fmt.Sprintf("The driver keeps its schedule up to %.0f messages a second (p99 of its lateness there: %s); runs above half of that are unfit for tail figures.",
			c.Rate, rounded(c.Lateness)), width))
	}
	_, err := lipgloss.Fprintln(w, b.String())
	return err
}

func verdictOf(c result.Check) string {
	switch {
	case c.Passed:
		return "passed"
	case c.Aside:
		return "wrong"
	}
	return "FAILED"
}

func checkStyle(checks []result.Check, row, column int) lipgloss.Style {
	style := lipgloss.NewStyle()
	switch {
	case row == table.HeaderRow:
		style = styleQuiet
	case checks[row].Aside:
		style = styleQuiet
	case !checks[row].Passed:
		style = styleAlarm
	}
	if column > 0 && column < 4 {
		style = style.Align(lipgloss.Right)
	}
	return style.PaddingRight(1)
}
