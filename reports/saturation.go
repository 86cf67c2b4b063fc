package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"transportlab/bench/result"
)

func (r *Report) saturationChapter() Chapter {
	c := Chapter{ID: "saturation", Title: "Saturation", Lead: []string{
		"Where a transport stops keeping up. Below its knee a system answers as if it were idle; above it queues grow, and latency with them. What matters for planning is the knee and how far from it one works."}}
	for _, w := range r.workloadsOf(func(add func(string)) {
		for _, k := range r.Document.Knees {
			add(k.Workload)
		}
		for _, s := range r.Document.Scalings {
			add(s.Workload)
		}
	}) {
		p := Part{ID: "saturation-" + slug(w), Title: w}
		p.addTable(r.kneeTable(w))
		p.addChart(r.kneeChart(w))
		p.addTable(r.scalingTable(w))
		p.addChart(r.scalingChart(w))
		c.Parts = append(c.Parts, p)
	}
	return c
}

// SaturationLines say in a sentence per workload what each arm carries.
func (r *Report) SaturationLines() []string {
	var lines []string
	for _, w := range r.workloadsOf(func(add func(string)) {
		for _, k := range r.Document.Knees {
			add(k.Workload)
		}
	}) {
		var parts []string
		for _, k := range r.knees(w) {
			text := rate(k.Rate)
			if k.Hi == 0 {
				text = "over " + rate(k.Lo)
			}
			parts = append(parts, r.arm(k.Arm).Name+" "+text)
		}
		lines = append(lines, fmt.Sprintf("Carried of %s within the limits: %s.", w, strings.Join(parts, ", ")))
	}
	return lines
}

// workloadsOf are the names that each adds, once and in that order, at most as many as a report shows.
func (r *Report) workloadsOf(each func(add func(string))) []string {
	var list []string
	each(func(name string) {
		if !slices.Contains(list, name) && len(list) < maxWorkloads {
			list = append(list, name)
		}
	})
	return list
}

// bounds of a knee, for people.
var kneeBounds = map[string]string{
	"p99": "p99 over the limit", "late": "sends fell behind", "lost": "messages were lost", "driver": "the driver's own limit: the knee lies higher",
}

func (r *Report) knees(workload string) []result.Knee {
	var list []result.Knee
	for _, k := range r.Document.Knees {
		if k.Workload == workload && len(list) < maxArms {
			list = append(list, k)
		}
	}
	slices.SortStableFunc(list, func(a, b result.Knee) int { return cmp.Compare(b.Rate, a.Rate) })
	return list
}

func (r *Report) kneeTable(workload string) Table {
	t := Table{Caption: "Highest rates: " + workload, Head: []string{"Transport", "highest rate", "held", "failed", "limit of p99", "p50 there", "p99 there", "CPU/delivery", "ended by"}}
	for _, k := range r.knees(workload) {
		failed := absent
		if k.Hi > 0 {
			failed = rate(k.Hi)
		}
		row := append(texts(rate(k.Rate), rate(k.Lo), failed, setting(k.Limit)), r.atKnee(k)...)
		t.addArm(r.arm(k.Arm), append(row, Entry{Text: cmp.Or(kneeBounds[k.Bound], k.Bound)})...)
	}
	if len(t.Rows) > 0 {
		t.remark("Messages a second of all publishers together, found by bisection: every try at “held” kept the limit, one at “failed” did not, and the knee lies between.")
		t.dropEmpty()
	}
	return t
}

// atKnee are the figures of the highest load that held.
func (r *Report) atKnee(k result.Knee) []Entry {
	best := -1
	for i, s := range k.Steps {
		if s.Held && (best < 0 || s.Load >= k.Steps[best].Load) {
			best = i
		}
	}
	if best < 0 {
		return texts(absent, absent, absent)
	}
	s := k.Steps[best]
	return texts(duration(float64(s.P50)), duration(float64(s.P99)), duration(float64(s.CPU)))
}

func (r *Report) kneeChart(workload string) Chart {
	p := linePlot{logX: true, logY: true, xLabel: "messages a second, all publishers", yLabel: "p99 of delivery"}
	table := Table{Head: []string{"Transport", "rate", "delivered", "p50", "p99", "late", "CPU/delivery", "held"}}
	lo, hi, least, most := math.Inf(1), 0.0, math.Inf(1), 0.0
	var limits []time.Duration
	for _, k := range r.knees(workload) {
		arm := r.arm(k.Arm)
		steps := slices.Clone(k.Steps)
		slices.SortStableFunc(steps, func(a, b result.Step) int { return cmp.Compare(a.Load, b.Load) })
		ln := line{name: arm.Name, style: arm.line(), marks: true}
		for _, s := range steps[:min(len(steps), maxMoments)] {
			held := Entry{Text: "yes", Mark: "good"}
			if !s.Held {
				held = Entry{Text: "no", Mark: "bad"}
				held.below(s.Reason)
			}
			table.addArm(arm, append(texts(rate(s.Load), rate(s.Out), duration(float64(s.P50)), duration(float64(s.P99)), percent(s.Late), duration(float64(s.CPU))), held)...)
			if s.Load > 0 && s.P99 > 0 {
				ln.x, ln.y = append(ln.x, s.Load), append(ln.y, float64(s.P99))
				least, most, lo, hi = min(least, s.Load), max(most, s.Load), min(lo, float64(s.P99)), max(hi, float64(s.P99))
			}
		}
		if len(ln.x) < 2 {
			continue
		}
		p.lines = append(p.lines, ln)
		if k.Limit > 0 && !slices.Contains(limits, k.Limit) && len(limits) < 3 {
			limits = append(limits, k.Limit)
			p.rules = append(p.rules, rule{"limit " + setting(k.Limit), float64(k.Limit)})
			lo, hi = min(lo, float64(k.Limit)), max(hi, float64(k.Limit))
		}
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.xTicks, p.yTicks = logTicks(least, most, rate), logTicks(lo, hi, duration)
	return p.chart(slug(workload)+"-knee", "Slowest percent against load: "+workload,
		"Each mark is a rate that was tried. A line that stays low and then turns up steeply shows its knee; further right is more capacity.", table)
}

func (r *Report) scalings(workload string) []result.Scaling {
	var list []result.Scaling
	for _, s := range r.Document.Scalings {
		if s.Workload == workload && len(list) < maxArms {
			list = append(list, s)
		}
	}
	return list
}

func (r *Report) scalingTable(workload string) Table {
	t := Table{Caption: "Scaling with clients: " + workload, Head: []string{"Transport", "of one client (λ)", "contention (σ)", "coherency (κ)", "peak at", "R²"}}
	for _, s := range r.scalings(workload) {
		peak := "beyond what was measured"
		if s.Peak > 0 {
			peak = significant(s.Peak) + " clients"
		}
		t.addArm(r.arm(s.Arm), texts(rate(s.Lambda), percent(s.Sigma), significant(s.Kappa), peak, fmt.Sprintf("%.3f", s.R2))...)
	}
	if len(t.Rows) > 0 {
		t.remark("The universal scalability law (Gunther 1993), X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), fitted to the marks of the plot. σ is the share of the work that cannot run in parallel, κ what it costs that parts must agree with each other: with κ over 0 there is a number of clients beyond which more of them get less. R² near 1 says that the law describes what was measured.")
	}
	return t
}

func (r *Report) scalingChart(workload string) Chart {
	p := linePlot{logX: true, logY: true, xLabel: "clients", yLabel: "deliveries a second"}
	table := Table{Head: []string{"Transport", "clients", "delivered", "by the law", "p50", "p99"}}
	lo, hi, least, most := math.Inf(1), 0.0, math.Inf(1), 0.0
	for _, s := range r.scalings(workload) {
		arm := r.arm(s.Arm)
		points := line{name: arm.Name, style: arm.line(), marks: true}
		points.style.Width = 0 // marks alone: the curve is the law's
		law := line{name: arm.Name + ", law", style: arm.line()}
		steps := slices.Clone(s.Steps)
		slices.SortStableFunc(steps, func(a, b result.Step) int { return cmp.Compare(a.Load, b.Load) })
		from, to := math.Inf(1), 0.0
		for _, step := range steps[:min(len(steps), maxMoments)] {
			table.addArm(arm, texts(significant(step.Load), rate(step.Out), rate(byLaw(s, step.Load)), duration(float64(step.P50)), duration(float64(step.P99)))...)
			if step.Load > 0 && step.Out > 0 {
				points.x, points.y = append(points.x, step.Load), append(points.y, step.Out)
				from, to, lo, hi = min(from, step.Load), max(to, step.Load), min(lo, step.Out), max(hi, step.Out)
			}
		}
		if len(points.x) < 2 || from >= to {
			continue
		}
		least, most = min(least, from), max(most, to)
		for i := range 41 {
			n := from * math.Pow(to/from, float64(i)/40)
			if x := byLaw(s, n); x > 0 && !math.IsInf(x, 0) {
				law.x, law.y = append(law.x, n), append(law.y, x)
			}
		}
		p.lines = append(p.lines, points)
		if len(law.x) > 1 {
			p.lines = append(p.lines, law)
		}
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	p.xTicks, p.yTicks = logTicks(least, most, significant), logTicks(lo, hi, rate)
	return p.chart(slug(workload)+"-scaling", "Deliveries against clients: "+workload,
		"Marks are measured, curves are the law fitted to them. A straight line upwards means that each client gets as much as one alone; a line that bends shares something.", table)
}

// byLaw is what the fitted law foresees for n clients.
func byLaw(s result.Scaling, n float64) float64 {
	return s.Lambda * n / (1 + s.Sigma*(n-1) + s.Kappa*n*(n-1))
}
