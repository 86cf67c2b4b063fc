package main

import (
	"fmt"
	"slices"
	"strings"

	"transportlab/bench/stats"
)

// A column is a figure as the table shows it.
type column struct {
	title string
	of    func(figure) float64
	unit  func(float64) string
}

func columns() []column {
	micro := func(v float64) string {
		if v >= 1e6 {
			return fmt.Sprintf("%.3g ms", v/1e6)
		}
		return fmt.Sprintf("%.3g µs", v/1e3)
	}
	return []column{
		{"deliveries/s, saturated", func(f figure) float64 { return f.Deliveries }, func(v float64) string { return fmt.Sprintf("%.0f k", v/1e3) }},
		{"server CPU per delivery, saturated", func(f figure) float64 { return f.CPU }, micro},
		{"the same at the steady rate", func(f figure) float64 { return f.SteadyCPU }, micro},
		{"latency p50", func(f figure) float64 { return f.P50 }, micro},
		{"latency p99", func(f figure) float64 { return f.P99 }, micro},
		{"memory per connection", func(f figure) float64 { return f.Memory }, func(v float64) string { return fmt.Sprintf("%.1f kB", v/1e3) }},
	}
}

// table is the document in Markdown: medians over the turns, with their 95 % intervals where there are
// enough of them.
func table(d document) string {
	var names []string
	by := map[string][]figure{}
	missing := map[string]int64{}
	for _, f := range d.Figures {
		if by[f.Peer] == nil {
			names = append(names, f.Peer)
		}
		by[f.Peer] = append(by[f.Peer], f)
		missing[f.Peer] += f.Missing
	}
	rate := func(name string) float64 {
		return stats.Summarize(values(by[name], columns()[0].of)).Median
	}
	slices.SortFunc(names, func(a, b string) int { return int(rate(b) - rate(a)) })
	l, e := d.Load, d.Environment
	var b strings.Builder
	fmt.Fprintf(&b, "# Other servers, and ours\n\n")
	fmt.Fprintf(&b, "Everybody is told everything, messages of %d bytes. Saturated: %d clients, none more than %d messages behind. Steady: %d messages a second to %d clients, evenly spaced; "+
		"latency counts from the moment a message was due. Memory: %d clients that wait. %d turns of each, a fresh process for each turn, in blocks whose order is random (seed %d); medians, and in parentheses their 95 %% intervals. "+
		"The lab's websocket and streaming also give each message an offset in a log and an idempotency key, and can resume; the others forget.\n\n",
		l.Size, l.Clients, l.Window, l.Rate, l.Steady, l.Idle, d.Blocks, d.Seed)
	fmt.Fprintf(&b, "%s, %d cores, Linux %s, %s; %s.\n\n", e.CPU, e.Cores, e.Kernel, e.Go, d.Started.Format("2 January 2006"))
	b.WriteString("| server |")
	for _, c := range columns() {
		fmt.Fprintf(&b, " %s |", c.title)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(columns())) + "\n")
	for _, name := range names {
		fmt.Fprintf(&b, "| %s |", strings.TrimSpace(name+" "+d.Versions[name]))
		for _, c := range columns() {
			s := stats.Summarize(values(by[name], c.of))
			fmt.Fprintf(&b, " %s", c.unit(s.Median))
			if !s.Small {
				fmt.Fprintf(&b, " (%s – %s)", c.unit(s.Lo), c.unit(s.Hi))
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	for _, name := range names {
		if missing[name] > 0 {
			fmt.Fprintf(&b, "\n%s: %d deliveries of the steady part did not come.\n", name, missing[name])
		}
	}
	return b.String()
}

func values(fs []figure, of func(figure) float64) []float64 {
	vs := make([]float64, len(fs))
	for i, f := range fs {
		vs[i] = of(f)
	}
	return vs
}
