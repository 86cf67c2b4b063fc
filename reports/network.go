package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"

	"transportlab/bench/result"
)

func (r *Report) networkChapter() Chapter {
	c := Chapter{ID: "network", Title: "Network conditions", Lead: []string{
		"On one machine every answer is there at once, which flatters whoever asks often. Over a distance each round trip that a transport needs costs its time, and a proxy may hold back what it should pass on."}}
	nets := Part{ID: "network-nets", Title: "Asked and achieved"}
	nets.addTable(r.netTable())
	c.Parts = append(c.Parts, nets)
	for _, w := range r.Document.Workloads {
		var sections []Section
		for _, s := range r.Sections {
			if s.Workload.Name == w.Name {
				sections = append(sections, s)
			}
		}
		if len(sections) < 2 {
			continue
		}
		p := Part{ID: "network-" + slug(w.Name), Title: w.Name}
		p.addTable(missingHeaders(w.Name, sections))
		t, chart := r.acrossConditions(w.Name, sections)
		p.addTable(t)
		p.addChart(chart)
		c.Parts = append(c.Parts, p)
	}
	return c
}

// netOf is the document's description of a network condition.
func netOf(d *result.Document, name string) result.Net {
	for _, n := range d.Nets {
		if n.Name == name {
			return n
		}
	}
	return result.Net{Name: name}
}

// netTable holds what the emulator was found to do against what was asked of it.
func (r *Report) netTable() Table {
	t := Table{Caption: "Network conditions, asked and achieved", Head: []string{"Network", "emulator", "round trip", "TCP connect", "bandwidth", "loss", "jitter"}}
	for _, n := range r.Document.Nets[:min(len(r.Document.Nets), maxArms)] {
		asked := func(text string, zero bool) Entry {
			if zero {
				return Entry{Text: absent}
			}
			return Entry{Text: text}
		}
		rtt, bandwidth, loss := asked(setting(n.RTT), n.RTT == 0), asked(bits(n.Bandwidth), n.Bandwidth == 0), asked(percent(n.Loss), n.Loss == 0)
		connect := Entry{Text: absent}
		if a := n.Achieved; a != nil {
			rtt.below("achieved " + duration(float64(a.RTT)))
			connect.Text = duration(float64(a.Connect))
			bandwidth.below("achieved " + bits(a.Bandwidth))
			loss.below("achieved " + percent(a.Loss))
		}
		name := Entry{Text: n.Name, Note: t.note(sentenceOrNone(n.Label))}
		t.Rows = append(t.Rows, TableRow{Cells: []Entry{name, {Text: n.Emulator}, rtt, connect, bandwidth, loss, asked(setting(n.Jitter), n.Jitter == 0)}})
	}
	return t
}

func sentenceOrNone(s string) string {
	if s == "" {
		return ""
	}
	return sentence(capital(s))
}

func bits(v float64) string {
	switch {
	case v >= 1e9:
		return significant(v/1e9) + " Gbit/s"
	case v >= 1e6:
		return significant(v/1e6) + " Mbit/s"
	}
	return significant(v/1e3) + " kbit/s"
}

// acrossConditions shows a workload's headline under each condition.
func (r *Report) acrossConditions(workload string, sections []Section) (Table, Chart) {
	name := sections[0].Columns[0].Name
	tail := map[string]string{"p50-ns": "p99-ns", "ack-p50-ns": "ack-p99-ns"}[name]
	t := Table{Caption: "Under each condition: " + workload, Head: []string{"Transport"}}
	p := linePlot{logY: true, xLabel: "condition", yLabel: metric(name).Title}
	type series struct {
		arm     Arm
		entries []Entry
		at      []float64 // NaN where there is none
	}
	var all []series
	for i, s := range sections {
		head := cmp.Or(s.Condition, "loopback")
		t.Head = append(t.Head, head)
		p.xTicks = append(p.xTicks, plot.Tick{Value: float64(i), Label: short(head)})
		for _, row := range s.Rows {
			at := slices.IndexFunc(all, func(o series) bool {
				return o.arm.Short == row.Arm.Short && o.arm.ArmInfo.Arm.Transport == row.Arm.ArmInfo.Arm.Transport
			})
			if at < 0 {
				at = len(all)
				all = append(all, series{arm: row.Arm})
				for range sections {
					all[at].entries, all[at].at = append(all[at].entries, Entry{Text: absent}), append(all[at].at, math.NaN())
				}
			}
			c := row.cell(name)
			e := Entry{Text: cmp.Or(c.Text, absent), Note: t.note(row.whyNot(name, len(row.runs)-c.N))}
			if c.N > 0 {
				all[at].at[i] = c.Median
				if tail != "" {
					if worse := row.cell(tail); worse.N > 0 {
						e.below("p99 " + worse.Text)
					}
				}
				if rtt := roundTrip(netOf(r.Document, row.Arm.ArmInfo.Arm.Net)); rtt > 0 && metric(name).Unit == "ns" {
					e.below(fmt.Sprintf("%.2f round trips", c.Median/float64(rtt)))
				}
			}
			all[at].entries[i] = e
		}
	}
	lo, hi := math.Inf(1), 0.0
	for _, each := range all {
		t.addArm(each.arm, each.entries...)
		ln := line{name: each.arm.Short, style: each.arm.line(), marks: true}
		for i, v := range each.at {
			if v > 0 {
				ln.x, ln.y = append(ln.x, float64(i)), append(ln.y, v)
			}
		}
		if len(ln.x) > 1 {
			lo, hi = min(lo, slices.Min(ln.y)), max(hi, slices.Max(ln.y))
			p.lines = append(p.lines, ln)
		}
	}
	for _, s := range sections {
		if s.label != "" {
			t.remark(capital(s.Condition) + ": " + sentence(s.label))
		}
		if meaning := proxies[proxyOf(s.Condition)]; meaning != "" {
			t.remark(fmt.Sprintf("%s: the proxy %s.", capital(s.Condition), meaning))
		}
	}
	if len(p.lines) == 0 {
		return t, Chart{}
	}
	p.yTicks = logTicks(lo, hi, unitText(metric(name)))
	return t, p.chart(slug(workload)+"-conditions", metric(name).Title+" under each condition: "+workload,
		"One line per transport, one place on the axis per condition; lower is better. What rises most from left to right needs the most round trips, or suffers most from the proxy.", t)
}

// roundTrip is what a calibration found, else what was asked.
func roundTrip(n result.Net) time.Duration {
	if n.Achieved != nil {
		return n.Achieved.RTT
	}
	return n.RTT
}

// unitText writes figures in a metric's unit.
func unitText(m result.Metric) func(float64) string {
	return func(v float64) string { return write(m, v) }
}

// labelOf is what the emulator of a condition's network cannot do, to be said wherever its figures stand.
func labelOf(d *result.Document, arms []Arm, condition string) string {
	for _, a := range arms {
		if conditionOf(a.ArmInfo.Arm) == condition {
			return netOf(d, a.ArmInfo.Arm.Net).Label
		}
	}
	return ""
}

// arm is the report's arm of that identity; one that the document does not describe gets its bare name.
func (r *Report) arm(a result.Arm) Arm {
	for _, known := range r.Arms {
		if known.ArmInfo.Arm == a {
			return known
		}
	}
	return Arm{ArmInfo: result.ArmInfo{Arm: a}, Name: a.String(), Short: a.String()}
}
