package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
)

// A progress tells on standard error how far a plan is: one line that renews itself on a terminal, a
// line for each finished run elsewhere, nothing when quiet.
type progress struct {
	w     io.Writer
	live  bool
	width int
	quiet bool
	block int // of which the precision was told
}

func newProgress(t *terminal) *progress {
	return &progress{w: t.err, live: isTerminal(t.err), width: columnsOf(t.err), quiet: t.quiet}
}

const clearLine = "\r\x1b[2K"

// observe is called for every event of the plan, one at a time.
func (p *progress) observe(e bench.Event) {
	if p.quiet {
		return
	}
	if e.Widest != nil && e.Block > p.block && !p.live {
		fmt.Fprintln(p.w, widestText(e))
	}
	p.block = e.Block
	switch {
	case e.Finished != nil && (!p.live || e.Finished.Error != ""):
		if p.live {
			io.WriteString(p.w, clearLine)
		}
		fmt.Fprintln(p.w, finishedLine(e))
	case e.Finished == nil && p.live:
		io.WriteString(p.w, clearLine+cut(liveLine(e), p.width-1))
	}
}

// end leaves the terminal's line empty for what comes next.
func (p *progress) end() {
	if p.live && !p.quiet {
		io.WriteString(p.w, clearLine)
	}
}

func liveLine(e bench.Event) string {
	parts := []string{
		fmt.Sprintf("%d/%d", e.Number, e.Total),
		fmt.Sprintf("%s %s", e.Workload, e.Arm),
		fmt.Sprintf("block %d/%d", e.Block, e.Blocks),
	}
	if e.Widest != nil {
		parts = append(parts, widestText(e))
	}
	if pr := e.Progress; pr.Part != "" {
		part := pr.Part
		if pr.Total > 0 {
			part += fmt.Sprintf(" %.1f/%.1fs", pr.Done.Seconds(), pr.Total.Seconds())
		}
		parts = append(parts, part)
		if pr.Rate > 0 {
			parts = append(parts, fmt.Sprintf("%.0f/s", pr.Rate))
		}
		if pr.P50 > 0 {
			parts = append(parts, fmt.Sprintf("p50 %s p99 %s", rounded(pr.P50), rounded(pr.P99)))
		}
	}
	if e.Left > 0 {
		parts = append(parts, e.Left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, "  ")
}

// widestText says which headline is known least well, on which it depends how long the plan goes on.
func widestText(e bench.Event) string {
	return fmt.Sprintf("widest: %s %s ±%.2g %%", e.Widest.Workload.Name, e.Widest.Arm, 100*e.Widest.Half)
}

func finishedLine(e bench.Event) string {
	r := e.Finished
	line := fmt.Sprintf("%*d/%d  block %d  %-10s %-12s", len(fmt.Sprint(e.Total)), e.Number, e.Total, r.Block, r.Workload, r.Arm)
	if r.Error != "" {
		return line + " FAILED: " + printable(r.Error)
	}
	h, what := r.Delivery, ""
	if h.Count == 0 {
		h, what = r.Ack, "ack "
	}
	if h.Count > 0 {
		line += fmt.Sprintf(" %sp50 %-8s p99 %-8s", what, rounded(h.P50), rounded(h.P99))
	}
	if n := r.Accounting.Messages(); n > 0 && r.Elapsed > 0 {
		line += fmt.Sprintf(" %.0f/s", float64(n)/r.Elapsed.Seconds())
	}
	if len(r.Unfit) > 0 {
		line += "  (not for " + use(r.Unfit[0]) + ": " + printable(r.Unfit[0].Reason) + ")"
	}
	return strings.TrimRight(line, " ")
}

func use(u result.Unfit) string {
	if u.For == result.ForTail {
		return "tails"
	}
	return "anything"
}

// rounded keeps about three digits of a duration.
func rounded(d time.Duration) time.Duration {
	for unit := time.Duration(1); unit < time.Hour; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
	return d
}

// cut shortens a line of plain text to a number of columns.
func cut(line string, columns int) string {
	runes := []rune(line)
	if len(runes) <= columns {
		return line
	}
	return string(runes[:max(columns-1, 0)]) + "…"
}
