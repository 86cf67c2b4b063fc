package reports

import "fmt"

// costMetrics are what the table of costs shows.
var costMetrics = []string{"cpu-ns/msg", "msgs/s", "switches/msg", "driver-cpu-ns/msg", "B/conn", "goroutines/conn", "idle-cpu-ns/conn/s"}

func (r *Report) costChapter() Chapter {
	c := Chapter{ID: "cost", Title: "Cost on the server", Lead: []string{
		"What a message and a waiting client cost the server: processor time decides how many messages a second one machine carries, memory how many clients it can keep. Both are the server process's own, less what it uses when nobody is there; the store is a process apart and not in them."}}
	for _, s := range r.Sections {
		p := Part{ID: "cost-" + s.ID, Title: s.Name}
		p.addTable(s.table("Costs: "+s.Name, costMetrics, false))
		if len(p.Tables) > 0 {
			p.Terms = terms(costMetrics, p.Tables[0])
		}
		p.addChart(barChart(s, "cpu-ns/msg", "-cpu"))
		p.addChart(barChart(s, "B/conn", "-memory"))
		c.Parts = append(c.Parts, p)
	}
	return c
}

// barChart shows one metric with its interval.
func barChart(s Section, name, id string) Chart {
	m := metric(name)
	b := barPlot{xLabel: m.Title}
	table := Table{Head: []string{"Transport", m.Title, "95 % interval", "runs"}}
	most := 0.0
	for _, r := range s.Rows {
		c := r.cell(name)
		if c.N == 0 {
			continue
		}
		each := bar{name: r.Arm.Short, ink: armInk(r.Arm.place), parts: []float64{c.Median}, label: c.Text}
		if c.N > 1 && c.Hi > c.Lo {
			each.lo, each.hi = c.Lo, c.Hi
		}
		most = max(most, c.Median, each.hi)
		b.bars = append(b.bars, each)
		interval := c.Interval
		if c.Small && interval != "" {
			interval += " (range; too few runs for an interval)"
		}
		table.addArm(r.Arm, texts(c.Text, interval, fmt.Sprint(c.N))...)
	}
	if len(b.bars) == 0 || most <= 0 {
		return Chart{}
	}
	b.ticks = linearTicks(most, func(v float64) string { return write(m, v) })
	return newChart(s.ID+id, m.Title+": "+s.Name, m.Explain+" Whiskers are the 95 % interval over runs, or the range where there are fewer than six.", b.draw(), table)
}
