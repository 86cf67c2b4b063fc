package reports

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// charts draws what a section's runs can show.
func charts(s Section) []Chart {
	var list []Chart
	for _, c := range []Chart{percentileChart(s), cdfChart(s), bytesChart(s), barChart(s, "cpu-ns/msg", "cpu"), barChart(s, "B/conn", "memory"), barChart(s, "idle-B/min", "idle-traffic")} {
		if c.ID != "" {
			c.ID = s.ID + "-" + c.ID
			list = append(list, c)
		}
	}
	return list
}

// percentileChart shows the whole distribution with the tail spread out: each step to the right is ten
// times rarer.
func percentileChart(s Section) Chart {
	p := linePlot{logY: true, xLabel: "percentile of messages (each step to the right is ten times rarer)", yLabel: "latency",
		xTicks: plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: nines(50), Label: "50"}, {Value: nines(90), Label: "90"},
			{Value: nines(99), Label: "99"}, {Value: nines(99.9), Label: "99.9"}, {Value: nines(99.99), Label: "99.99"}}}
	table := Table{Head: []string{"Transport"}}
	for _, at := range tablePercentiles {
		table.Head = append(table.Head, fmt.Sprintf("p%v", at))
	}
	lo, hi := math.Inf(1), 0.0
	for _, r := range s.Rows {
		ys := quantiles(r.digests, curvePercentiles)
		if len(ys) < 2 {
			continue
		}
		xs := make([]float64, len(ys))
		for i := range ys {
			xs[i] = nines(curvePercentiles[i])
		}
		lo, hi = min(lo, ys[0]), max(hi, ys[len(ys)-1])
		p.lines = append(p.lines, line{name: r.Arm.Name, arm: r.Arm.place, x: xs, y: ys})
		row := []string{r.Arm.Name}
		at := quantiles(r.digests, tablePercentiles)
		for i := range tablePercentiles {
			if i < len(at) {
				row = append(row, duration(at[i]))
			} else {
				row = append(row, "–")
			}
		}
		table.Rows = append(table.Rows, row)
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.yTicks = logTicks(lo, hi)
	shapes, height := p.draw()
	return Chart{ID: "percentiles", Title: "Latency by percentile: " + s.Workload.Name, Width: chartWidth, Height: height, Shapes: shapes, Table: table,
		Desc: "One line per transport; lower is faster. A flat line is predictable, one that rises to the right has slow exceptions. Each point is the median over runs. A line ends where there are too few messages to know, or the machine was too noisy."}
}

// nines is where a percentile stands on the axis: 90 at 1, 99 at 2, 99.9 at 3.
func nines(percentile float64) float64 { return -math.Log10(1 - percentile/100) }

// cdfChart shows what share of messages arrived within a time.
func cdfChart(s Section) Chart {
	p := linePlot{logX: true, xLabel: "latency", yLabel: "messages that arrived within it"}
	for v := 0.0; v <= 100; v += 25 {
		p.yTicks = append(p.yTicks, plot.Tick{Value: v, Label: fmt.Sprintf("%v %%", v)})
	}
	table := Table{Head: []string{"Transport"}}
	for _, b := range bounds {
		table.Head = append(table.Head, "within "+duration(b))
	}
	lo, hi := math.Inf(1), 0.0
	for _, r := range s.Rows {
		xs := quantiles(r.digests, cdfPercentiles)
		if len(xs) < 2 {
			continue
		}
		lo, hi = min(lo, xs[0]), max(hi, xs[len(xs)-1])
		p.lines = append(p.lines, line{name: r.Arm.Name, arm: r.Arm.place, x: xs, y: cdfPercentiles[:len(xs)]})
		row := []string{r.Arm.Name}
		for i := range bounds {
			row = append(row, fmt.Sprintf("%.1f %%", 100*shareWithin(r.digests, i)))
		}
		table.Rows = append(table.Rows, row)
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.xTicks = logTicks(lo, hi)
	shapes, height := p.draw()
	return Chart{ID: "cdf", Title: "Share of messages that arrived: " + s.Workload.Name, Width: chartWidth, Height: height, Shapes: shapes, Table: table,
		Desc: "One line per transport; further left is faster. A steep line means that messages take about the same time, a slanted one that it depends on luck, as with polling."}
}

// layers are the parts of a message's bytes, in the order in which they are stacked.
var layers = []struct {
	name string
	of   func(result.Layers) uint64
}{
	{"payload", func(l result.Layers) uint64 { return l.Payload }},
	{"envelope", func(l result.Layers) uint64 { return l.Envelope }},
	{"framing", func(l result.Layers) uint64 { return l.Framing }},
	{"HTTP headers", func(l result.Layers) uint64 { return l.Headers }},
	{"TLS", func(l result.Layers) uint64 { return l.TLS }},
	{"other", func(l result.Layers) uint64 { return l.Other }},
}

// bytesChart shows what a message costs on the wire, and what for.
func bytesChart(s Section) Chart {
	table := Table{Head: []string{"Transport", "direction"}}
	b := barPlot{xLabel: "bytes per message, both directions"}
	for _, l := range layers {
		b.layers = append(b.layers, l.name)
		table.Head = append(table.Head, l.name)
	}
	table.Head = append(table.Head, "all")
	most := 0.0
	for _, r := range s.Rows {
		up, ok := layerMedians(r.runs, func(t result.Traffic) result.Layers { return t.Up })
		down, _ := layerMedians(r.runs, func(t result.Traffic) result.Layers { return t.Down })
		if !ok {
			continue
		}
		parts := make([]float64, len(layers))
		total := 0.0
		for i := range parts {
			parts[i] = up[i] + down[i]
			total += parts[i]
		}
		most = max(most, total)
		b.bars = append(b.bars, bar{name: r.Arm.Name, parts: parts, label: size(total)})
		table.Rows = append(table.Rows, layerRow(r.Arm.Name, "up", up), layerRow(r.Arm.Name, "down", down))
	}
	if len(b.bars) == 0 || most == 0 {
		return Chart{}
	}
	b.ticks = linearTicks(most, size)
	shapes, height := b.draw()
	return Chart{ID: "bytes", Title: "Bytes per message: " + s.Workload.Name, Width: chartWidth, Height: height, Shapes: shapes, Table: table,
		Desc: "What clients and publishers moved in both directions, divided by the messages, setting up connections left out. The envelope carries offset and identity and is what the guarantees cost; framing and headers are the transport's. TCP/IP headers come on top of all."}
}

func layerRow(name, direction string, values []float64) []string {
	row := []string{name, direction}
	total := 0.0
	for _, v := range values {
		row = append(row, significant(v))
		total += v
	}
	return append(row, significant(total))
}

// layerMedians is, for each layer, the median over runs of its bytes per message.
func layerMedians(runs []result.Run, direction func(result.Traffic) result.Layers) ([]float64, bool) {
	out := make([]float64, len(layers))
	for i, l := range layers {
		var vs []float64
		for _, r := range runs {
			if n := r.Accounting.Messages(); r.Bytes != nil && n > 0 {
				vs = append(vs, float64(l.of(direction(r.Bytes.Steady)))/float64(n))
			}
		}
		if len(vs) == 0 {
			return nil, false
		}
		out[i] = stats.Summarize(vs).Median
	}
	return out, true
}

// barChart shows one metric with its interval.
func barChart(s Section, name, id string) Chart {
	i := slices.IndexFunc(s.Columns, func(m result.Metric) bool { return m.Name == name })
	if i < 0 {
		return Chart{}
	}
	m := s.Columns[i]
	b := barPlot{xLabel: m.Title}
	table := Table{Head: []string{"Transport", m.Title, "95 % interval", "runs"}}
	most := 0.0
	for _, r := range s.Rows {
		c := r.Cells[i]
		if c.N == 0 {
			continue
		}
		each := bar{name: r.Arm.Name, ink: armInk(r.Arm.place), parts: []float64{c.Median}, label: c.Text}
		if c.N > 1 && c.Hi > c.Lo {
			each.lo, each.hi = c.Lo, c.Hi
		}
		most = max(most, c.Median, each.hi)
		b.bars = append(b.bars, each)
		interval := c.Interval
		if c.Small && interval != "" {
			interval += " (range; too few runs for an interval)"
		}
		table.Rows = append(table.Rows, []string{r.Arm.Name, c.Text, interval, fmt.Sprint(c.N)})
	}
	if len(b.bars) == 0 || most <= 0 {
		return Chart{}
	}
	b.ticks = linearTicks(most, func(v float64) string { return write(m, v) })
	shapes, height := b.draw()
	return Chart{ID: id, Title: m.Title + ": " + s.Workload.Name, Width: chartWidth, Height: height, Shapes: shapes, Table: table,
		Desc: m.Explain + " Whiskers are the 95 % interval over runs, or the range where there are fewer than six."}
}
