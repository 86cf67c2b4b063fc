package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"transportlab/bench/findings"
	"transportlab/bench/result"
)

type reproduceCommand struct {
	Statements []string `arg:"" optional:"" name:"statement" help:"Which ones: their names, claim or literature (all)."`
	List       bool     `short:"l" help:"List them and how each is tested, and measure nothing."`
	Redis      string   `default:"auto" placeholder:"SPEC" env:"TRANSPORTLAB_REDIS" help:"Where the log is kept: auto, embedded, memory, or a URL (${default})."`
	Emulator   string   `default:"auto" enum:"auto,relay,wrapper" env:"TRANSPORTLAB_EMULATOR" help:"What makes network conditions; see run (${default})."`
}

func (reproduceCommand) Help() string {
	return `Holds what is said of transports against measurements made for it: the claims that introductions make, and
published figures. Each gets the published figure, ours, and a verdict: agrees, does not agree, or not comparable,
with the reason. All of them take about four minutes.

Examples:

  transportlab reproduce                      all of them
  transportlab reproduce literature           published figures alone
  transportlab reproduce wrk2-pause           one of them
  transportlab reproduce --list               what there is
  transportlab run --findings                 the same in the report of a measurement`
}

func (c *reproduceCommand) Run(ctx context.Context, t *terminal) error {
	statements, err := findings.Find(c.Statements)
	if err != nil {
		return &exitCodeError{exitUsage, err}
	}
	if c.List {
		return listStatements(t, statements)
	}
	found, err := findOut(ctx, t, statements, findings.Options{Store: c.Redis, Emulator: c.Emulator})
	return errors.Join(interrupted(err), printFindings(t, found))
}

// findOut tests statements and tells which one is under way.
func findOut(ctx context.Context, t *terminal, statements []findings.Statement, o findings.Options) ([]result.Finding, error) {
	live := isTerminal(t.err)
	o.Observe = func(n int, s findings.Statement) {
		line := fmt.Sprintf("%d/%d  %s", n+1, len(statements), s.ID)
		switch {
		case t.quiet:
		case live:
			io.WriteString(t.err, clearLine+cut(line, columnsOf(t.err)-1))
		default:
			fmt.Fprintln(t.err, line)
		}
	}
	found, err := findings.Test(ctx, statements, o)
	if live && !t.quiet {
		io.WriteString(t.err, clearLine)
	}
	return found, err
}

func listStatements(t *terminal, statements []findings.Statement) error {
	if t.json {
		return json.NewEncoder(t.out).Encode(statements)
	}
	var b strings.Builder
	width := columnsOf(t.out)
	for _, s := range statements {
		fmt.Fprintf(&b, "%s  %s\n", styleTitle.Render(s.ID), styleQuiet.Render(s.Group+", "+s.Source))
		paragraph(&b, s.Says, width)
		paragraph(&b, s.Method, width)
	}
	_, err := lipgloss.Fprint(t.out, b.String())
	return err
}

func printFindings(t *terminal, found []result.Finding) error {
	if t.json {
		return json.NewEncoder(t.out).Encode(found)
	}
	var b strings.Builder
	width := columnsOf(t.out)
	for _, f := range found {
		if t.quiet {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", f.ID, f.Verdict, f.Ours)
			continue
		}
		style := map[string]lipgloss.Style{result.Agrees: styleBest, result.Disagrees: styleAlarm}[f.Verdict]
		fmt.Fprintf(&b, "%s  %s\n", styleTitle.Render(f.ID), style.Render(f.Verdict))
		paragraph(&b, f.Says+" "+styleQuiet.Render("("+f.Source+")"), width)
		if f.Theirs != "" {
			paragraph(&b, "theirs: "+f.Theirs, width)
		}
		paragraph(&b, "ours:   "+f.Ours, width)
		paragraph(&b, f.Why, width)
	}
	_, err := lipgloss.Fprint(t.out, b.String())
	return err
}

// paragraph writes wrapped and indented text.
func paragraph(b *strings.Builder, text string, width int) {
	for line := range strings.SplitSeq(wrap(text, width-4), "\n") {
		fmt.Fprintf(b, "    %s\n", line)
	}
}
