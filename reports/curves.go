package reports

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// percentileChart shows the whole distribution with the tail spread out: each step to the right is ten
// times rarer.
func percentileChart(s Section) Chart {
	p := linePlot{logY: true, xLabel: "percentile of messages (each step to the right is ten times rarer)", yLabel: "latency"}
	table := Table{Head: []string{"Transport"}}
	for _, at := range tablePercentiles {
		table.Head = append(table.Head, fmt.Sprintf("p%v", at))
	}
	lo, hi, end := math.Inf(1), 0.0, 0.0
	for _, r := range s.Rows {
		ys := quantiles(r.digests, curvePercentiles)
		if len(ys) < 2 {
			continue
		}
		xs := make([]float64, len(ys))
		for i := range ys {
			xs[i] = nines(curvePercentiles[i])
		}
		lo, hi, end = min(lo, ys[0]), max(hi, ys[len(ys)-1]), max(end, xs[len(xs)-1])
		p.lines = append(p.lines, line{name: r.Arm.Short, style: r.Arm.line(), x: xs, y: ys})
		var row []Entry
		at := quantiles(r.digests, tablePercentiles)
		for i := range tablePercentiles {
			if i < len(at) {
				row = append(row, Entry{Text: duration(at[i])})
			} else {
				row = append(row, Entry{Text: absent})
			}
		}
		table.addArm(r.Arm, row...)
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	for _, at := range []float64{0, 50, 90, 99, 99.9, 99.99} {
		p.xTicks = append(p.xTicks, plot.Tick{Value: nines(at), Label: fmt.Sprint(at)})
		if nines(at) >= end-1e-9 {
			break
		}
	}
	table.dropEmpty()
	p.yTicks = logTicks(lo, hi, duration)
	return p.chart(s.ID+"-percentiles", "Latency by percentile: "+s.Name,
		"One line per transport; lower is faster. A flat line is predictable, one that rises to the right has slow exceptions. Each point is the median over runs. A line ends where there are too few messages to know, or the machine was too noisy.", table)
}

// nines is where a percentile stands on the axis: 90 at 1, 99 at 2, 99.9 at 3.
func nines(percentile float64) float64 { return -math.Log10(1 - percentile/100) }

// cdfChart shows what share of messages arrived within a time.
func cdfChart(s Section) Chart {
	p := linePlot{logX: true, xLabel: "latency", yLabel: "messages that arrived within it", yTicks: shareTicks()}
	table := Table{Head: []string{"Transport"}}
	for _, b := range bounds {
		table.Head = append(table.Head, "within "+tickText(duration(b)))
	}
	lo, hi := math.Inf(1), 0.0
	for _, r := range s.Rows {
		xs := quantiles(r.digests, cdfPercentiles)
		if len(xs) < 2 {
			continue
		}
		lo, hi = min(lo, xs[0]), max(hi, xs[len(xs)-1])
		p.lines = append(p.lines, line{name: r.Arm.Short, style: r.Arm.line(), x: xs, y: cdfPercentiles[:len(xs)]})
		var row []Entry
		for i := range bounds {
			row = append(row, Entry{Text: fmt.Sprintf("%.1f %%", 100*shareWithin(r.digests, i))})
		}
		table.addArm(r.Arm, row...)
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.xTicks = logTicks(lo, hi, duration)
	return p.chart(s.ID+"-cdf", "Share of messages that arrived: "+s.Name,
		"One line per transport; further left is faster. A steep line means that messages take about the same time, a slanted one that it depends on luck, as with polling.", table)
}

func shareTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for v := 0.0; v <= 100; v += 25 {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%v %%", v)})
	}
	return ticks
}

// chart finishes a drawing.
func (l linePlot) chart(id, title, desc string, table Table) Chart {
	return newChart(id, title, desc, l.draw(), table)
}

func newChart(id, title, desc string, d drawing, table Table) Chart {
	table.Caption = "Numbers: " + title
	return Chart{ID: id, Title: title, Desc: desc, Top: d.top, Width: d.width, Height: d.height, Shapes: d.shapes, Legend: d.legend, Table: table, bare: d.bare}
}

// timelineChart shows how a figure of the latency went over the measured part. A stretch is the median
// over the runs that have it.
func timelineChart(s Section, id, title, desc string, tail bool, of func(result.Moment) float64) Chart {
	p := linePlot{logY: true, xLabel: "seconds into the measured part", yLabel: "latency"}
	table := Table{Head: []string{"Transport", "stretches", "first", "last", "lowest", "highest", "at"}}
	lo, hi, end := math.Inf(1), 0.0, 0.0
	for _, r := range s.Rows {
		xs, ys := overTime(r.runs, tail, of)
		if len(xs) < 2 {
			continue
		}
		least, most := 0, 0
		for i := range ys {
			if ys[i] < ys[least] {
				least = i
			}
			if ys[i] > ys[most] {
				most = i
			}
		}
		lo, hi, end = min(lo, ys[least]), max(hi, ys[most]), max(end, xs[len(xs)-1])
		p.lines = append(p.lines, line{name: r.Arm.Short, style: r.Arm.line(), x: xs, y: ys})
		table.addArm(r.Arm, texts(fmt.Sprint(len(xs)), duration(ys[0]), duration(ys[len(ys)-1]), duration(ys[least]), duration(ys[most]), duration(xs[most]*1e9))...)
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.yTicks = logTicks(lo, hi, duration)
	p.xTicks = linearTicks(end, func(v float64) string { return duration(v * 1e9) })
	return p.chart(s.ID+id, title+": "+s.Name, desc, table)
}

// maxMoments bounds a timeline; what is finer is thinned out to its slowest stretches.
const maxMoments = 400

// overTime is, for each stretch that most runs have, the median over runs of a figure.
func overTime(runs []result.Run, tail bool, of func(result.Moment) float64) (xs, ys []float64) {
	longest, n := 0, 0
	for _, r := range runs {
		if len(r.Timeline) > 0 && (!tail || r.Fit(result.ForTail)) {
			longest = max(longest, len(r.Timeline))
			n++
		}
	}
	step := max(1, (longest+maxMoments-1)/maxMoments)
	for i := 0; i < longest; i += step {
		var at float64
		var vs []float64
		for _, r := range runs {
			if tail && !r.Fit(result.ForTail) {
				continue
			}
			worst := 0.0
			for _, m := range r.Timeline[min(i, len(r.Timeline)):min(i+step, len(r.Timeline))] {
				if m.Count > 0 {
					worst = max(worst, of(m))
				}
			}
			if worst > 0 {
				at = r.Timeline[i].At
				vs = append(vs, worst)
			}
		}
		if 2*len(vs) >= n && len(vs) > 0 {
			xs, ys = append(xs, at), append(ys, max(1, stats.Summarize(vs).Median))
		}
	}
	return xs, ys
}
