package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// minSweep is how many values of a dimension make a sweep.
const minSweep = 3

// A dimension is what workloads of a sweep differ in.
type dimension struct {
	id, title, axis string
	of              func(workload.Workload) float64
	without         func(*workload.Workload) // takes it away, so that what is left is the same in the whole sweep
	text            func(float64) string
}

var dimensions = []dimension{
	{"size", "message size", "bytes of a message", func(w workload.Workload) float64 { return float64(w.Size) },
		func(w *workload.Workload) { w.Size = 0 }, binarySize},
	{"clients", "clients", "clients", func(w workload.Workload) float64 { return float64(w.Clients) }, withoutClients, significant},
	{"clients", "clients at the same rate each", "clients", func(w workload.Workload) float64 { return float64(w.Clients) },
		func(w *workload.Workload) {
			w.Rate /= float64(max(w.Clients, 1))
			withoutClients(w)
		}, significant},
	{"rate", "rate", "messages a second", func(w workload.Workload) float64 { return w.Rate }, func(w *workload.Workload) { w.Rate = 0 }, rate},
	{"burst", "burst", "messages at one instant", func(w workload.Workload) float64 { return float64(w.Arrival.Burst) },
		func(w *workload.Workload) { w.Arrival.Burst = 0 }, significant},
}

// withoutClients keeps whether everybody has a topic and whether everybody sends.
func withoutClients(w *workload.Workload) {
	if w.Publishers == w.Clients {
		w.Publishers = -1
	}
	if w.Topics == w.Clients {
		w.Topics = -1
	}
	w.Clients = 0
}

// A point is one value of a sweep for one arm.
type point struct {
	at  float64
	row Row
}

// A sweep is several workloads, or several variants of an arm, that differ in one thing.
type sweep struct {
	id      string
	by, of  string // "message size", "fanout to size-16k"
	axis    string
	text    func(float64) string
	metrics []string
	arms    []Arm
	points  [][]point // as arms
}

func (r *Report) sweepChapter() Chapter {
	c := Chapter{ID: "sweeps", Title: "Sweeps", Lead: []string{
		"How figures follow one thing that is changed while all else stays: what to expect of sizes, numbers and intervals between those that were measured."}}
	for _, s := range append(r.workloadSweeps(), r.armSweeps()...) {
		p := Part{ID: "sweeps-" + s.id, Title: capital(s.by) + ": " + s.of}
		for _, name := range s.metrics {
			p.addChart(s.chart(name))
		}
		c.Parts = append(c.Parts, p)
	}
	return c
}

// workloadSweeps are the groups of sections whose workloads differ in one dimension.
func (r *Report) workloadSweeps() []sweep {
	var list []sweep
	grouped := map[string]bool{} // sections that a dimension has already
	for _, d := range dimensions {
		groups := map[string][]Section{}
		var order []string
		for _, s := range r.Sections {
			w := s.Workload
			d.without(&w)
			w.Name, w.Explain, w.Seed, w.Thresholds = "", "", 0, nil
			key := fmt.Sprintf("%s %+v", s.Condition, w)
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], s)
		}
		for _, key := range order {
			group := groups[key]
			slices.SortStableFunc(group, func(a, b Section) int { return cmp.Compare(d.of(a.Workload), d.of(b.Workload)) })
			group = slices.CompactFunc(group, func(a, b Section) bool { return d.of(a.Workload) == d.of(b.Workload) })
			if len(group) < minSweep || d.of(group[0].Workload) <= 0 || grouped[d.id+key] {
				continue
			}
			s := sweep{id: d.id + "-" + group[0].ID, by: d.title, of: group[0].Name + " to " + group[len(group)-1].Name, axis: d.axis, text: d.text,
				metrics: sweepMetrics(group[0].Workload.Kind)}
			for _, section := range group {
				for _, row := range section.Rows {
					s.add(row.Arm, point{d.of(section.Workload), row})
				}
			}
			if s.drop(2); len(s.arms) > 0 {
				list = append(list, s)
			}
		}
	}
	return list
}

func sweepMetrics(kind workload.Kind) []string {
	list := slices.Clone(columns(kind)[:1])
	for _, name := range []string{"p99-ns", "age-ns", "wire-B/msg", "cpu-ns/msg", "B/conn", "idle-B/min"} {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func (s *sweep) add(a Arm, p point) {
	i := slices.IndexFunc(s.arms, func(o Arm) bool { return o.Short == a.Short && o.ArmInfo.Arm.Transport == a.ArmInfo.Arm.Transport })
	if i < 0 {
		i = len(s.arms)
		s.arms, s.points = append(s.arms, a), append(s.points, nil)
	}
	s.points[i] = append(s.points[i], p)
}

// drop leaves arms out that have fewer points than it needs, and puts those of the others in order.
func (s *sweep) drop(least int) {
	for k := len(s.arms) - 1; k >= 0; k-- {
		slices.SortStableFunc(s.points[k], func(a, b point) int { return cmp.Compare(a.at, b.at) })
		s.points[k] = slices.CompactFunc(s.points[k], func(a, b point) bool { return a.at == b.at })
		if len(s.points[k]) < least {
			s.arms, s.points = slices.Delete(s.arms, k, k+1), slices.Delete(s.points, k, k+1)
		}
	}
}

// armSweeps are the groups of arms within a section that differ in one parameter of their variant.
func (r *Report) armSweeps() []sweep {
	var list []sweep
	for _, section := range r.Sections {
		at := map[string]int{} // parameter → its sweep in list
		for _, row := range section.Rows {
			for key, v := range r.swept(row.Arm.ArmInfo.Arm) {
				i, ok := at[key]
				if !ok {
					i = len(list)
					at[key] = i
					text := significant
					if v.time {
						text = duration
					}
					list = append(list, sweep{id: slug(key) + "-" + section.ID, by: key, of: section.Name, axis: key, text: text, metrics: sweepMetrics(section.Workload.Kind)})
				}
				family := row.Arm
				rest := slices.DeleteFunc(parameters(family.ArmInfo.Arm.Variant), func(p string) bool { return strings.HasPrefix(p, key+"=") })
				family.ArmInfo.Arm.Variant = strings.Join(rest, ",")
				family.Short = armName(family.ArmInfo, true)
				list[i].add(family, point{v.value, row})
			}
		}
	}
	for i := range list {
		list[i].drop(minSweep)
	}
	return slices.DeleteFunc(list, func(s sweep) bool { return len(s.arms) == 0 })
}

type sweptValue struct {
	value float64
	time  bool
}

// swept are the parameters of an arm that are figures. One that the variant leaves out has the
// document's setting.
func (r *Report) swept(a result.Arm) map[string]sweptValue {
	values := map[string]sweptValue{}
	if a.Transport == "polling" || a.Transport == "ajax" {
		values["interval"] = sweptValue{float64(r.Document.Options.Interval), true}
	}
	for _, p := range parameters(a.Variant) {
		key, text, ok := strings.Cut(p, "=")
		if !ok || isCondition(p) {
			continue
		}
		if d, err := time.ParseDuration(text); err == nil && d > 0 {
			values[key] = sweptValue{float64(d), true}
		} else if v, err := strconv.ParseFloat(text, 64); err == nil && v > 0 && !math.IsInf(v, 0) {
			values[key] = sweptValue{v, false}
		}
	}
	return values
}

// chart shows one metric over the swept dimension.
func (s sweep) chart(name string) Chart {
	m := metric(name)
	p := linePlot{logX: true, logY: true, xLabel: s.axis, yLabel: m.Title}
	var values []float64
	for _, points := range s.points {
		for _, pt := range points {
			if !slices.Contains(values, pt.at) && pt.at > 0 {
				values = append(values, pt.at)
			}
		}
	}
	slices.Sort(values)
	table := Table{Head: []string{"Transport"}}
	for _, v := range values {
		table.Head = append(table.Head, tickText(s.text(v)))
	}
	lo, hi := math.Inf(1), 0.0
	for i, arm := range s.arms {
		ln := line{name: arm.Short, style: arm.line(), marks: true}
		cells := texts(slices.Repeat([]string{absent}, len(values))...)
		for _, pt := range s.points[i] {
			c := pt.row.cell(name)
			k := slices.Index(values, pt.at)
			if k < 0 {
				continue
			}
			cells[k].Note = table.note(pt.row.whyNot(name, len(pt.row.runs)-c.N))
			if c.N == 0 {
				continue
			}
			cells[k].Text = c.Text
			cells[k].below(c.Interval)
			if c.Median > 0 {
				ln.x, ln.y = append(ln.x, pt.at), append(ln.y, c.Median)
			}
		}
		if len(ln.x) > 1 {
			lo, hi = min(lo, slices.Min(ln.y)), max(hi, slices.Max(ln.y))
			p.lines = append(p.lines, ln)
			table.addArm(arm, cells...)
		}
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.xTicks, p.yTicks = valueTicks(values, s.text), logTicks(lo, hi, unitText(m))
	return p.chart("sweep-"+s.id+"-"+slug(name), m.Title+", by "+s.by+": "+s.of, m.Explain+" Marks were measured; the lines between them only guide the eye. Both axes are logarithmic.", table)
}

// binarySize writes sizes that are powers of two as such.
func binarySize(b float64) string {
	switch {
	case b >= 1<<20 && math.Mod(b, 1<<20) == 0:
		return significant(b/(1<<20)) + " MiB"
	case b >= 1<<10 && math.Mod(b, 1<<10) == 0:
		return significant(b/(1<<10)) + " KiB"
	}
	return size(b)
}
