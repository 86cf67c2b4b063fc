package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/theory"
)

// An overlay is what theory says of a row and how far the measurement lies from it.
type overlay struct {
	row       Row
	question  theory.Question
	form      theory.Form
	distances []float64 // of each run's distribution from the form's
	slack     float64   // the largest of what binning hides
	likely    int       // runs that are compatible with chance
	judged    int       // runs for which that means something
	means     []float64
}

func (r *Report) theoryChapter() Chapter {
	c := Chapter{ID: "theory", Title: "Theory", Lead: []string{
		"What arithmetic alone foresees, from the network's round trip, the transport's way of asking and the arrivals, beside what was measured. Where both agree, the instrument is right and the transport understood; where they do not, one of them leaves something out, and the table says how much it matters.",
		"The largest distance is Kolmogorov and Smirnov's: by how many points of a hundred the share of messages that arrived within some time differs at most, the median over runs with its interval. “Within chance” counts the runs whose distance would come about in one of twenty measurements or more if the form were all there is; it needs arrivals at random and a form that is not a single moment. With enough messages every form fails that test, for each leaves something out: the distance is the figure to judge by."}}
	for _, s := range r.Sections {
		p := Part{ID: "theory-" + s.ID, Title: s.Name}
		overlays := r.overlays(s)
		p.addTable(theoryTable(s, overlays))
		p.addTable(otherForms(s, overlays))
		p.addChart(theoryChart(s, overlays))
		c.Parts = append(c.Parts, p)
	}
	return c
}

// overlays are the rows of a section that theory has a form for. It knows nothing of proxies.
func (r *Report) overlays(s Section) []overlay {
	var list []overlay
	if proxyOf(s.Condition) != "" {
		return nil
	}
	for _, row := range s.Rows {
		if row.Arm.Floor || len(row.runs) == 0 {
			continue
		}
		floor, ok := r.theoryFloor(s, row)
		if !ok {
			continue
		}
		arm := row.Arm.ArmInfo
		q := theory.Question{Arm: arm.Arm, Push: arm.Push, Workload: s.Workload, Options: r.Document.Options, Net: netOf(r.Document, arm.Arm.Net), Floor: floor}
		form, ok := theory.Delivery(q)
		if !ok || form.Mean == 0 && form.Lo == 0 {
			continue
		}
		o := overlay{row: row, question: q, form: form}
		for _, run := range row.runs {
			if run.Delivery.Count > 0 {
				o.means = append(o.means, float64(run.Delivery.Mean))
			}
			if form.CDF == nil || !form.Spread {
				continue
			}
			bins, err := theory.Bins(run.Delivery)
			if err != nil || len(bins) == 0 {
				continue
			}
			test := theory.KS(bins, form, run.Accounting.Acked)
			o.distances = append(o.distances, test.D)
			o.slack = max(o.slack, test.Slack)
			if !math.IsNaN(test.P) {
				o.judged++
				if test.P >= stats.Alpha {
					o.likely++
				}
			}
		}
		if len(o.means) > 0 {
			list = append(list, o)
		}
	}
	return list
}

// theoryFloor is what delivery takes without any network, which no arithmetic knows: the median of a push
// arm over loopback. An arm that is one itself is held against the floor of the machine instead, and
// against nothing where that was not measured.
func (r *Report) theoryFloor(s Section, row Row) (time.Duration, bool) {
	own := row.Arm.Push && s.Condition == ""
	best := time.Duration(0)
	for _, other := range r.Sections {
		if other.Workload.Name != s.Workload.Name || other.Condition != "" {
			continue
		}
		if own {
			f := other.floor()
			if f == nil || f.Arm.ArmInfo.Arm.Transport != "tcp" || f.cell("p50-ns").N == 0 {
				return 0, false // a call without a network says nothing of one
			}
			return time.Duration(f.cell("p50-ns").Median), true
		}
		for _, o := range other.Rows {
			if c := o.cell("p50-ns"); o.Arm.Push && !o.Arm.Floor && c.N > 0 && (best == 0 || time.Duration(c.Median) < best) {
				best = time.Duration(c.Median)
			}
		}
	}
	return best, !own
}

func theoryTable(s Section, list []overlay) Table {
	t := Table{Caption: "Theory and measurement: " + s.Name, Head: []string{"Transport", "foreseen", "mean foreseen", "mean measured", "difference", "largest distance", "chance"}}
	for _, o := range list {
		measured := stats.Summarize(o.means)
		name := []Entry{{Text: o.form.Text, Note: t.note(o.form.Explain)}, {Text: absent}, {Text: duration(measured.Median)}, {Text: absent}, {Text: absent}, {Text: absent}}
		if o.form.Mean > 0 {
			name[1].Text = duration(float64(o.form.Mean))
			name[3].Text = signedPercent(measured.Median/float64(o.form.Mean) - 1)
			name[3].below(signed(measured.Median - float64(o.form.Mean)))
		}
		if len(o.distances) > 0 {
			d := stats.Summarize(o.distances)
			name[4] = Entry{Text: percentPoints(d.Median), Small: []string{fmt.Sprintf("%s to %s", percentPoints(d.Lo), percentPoints(d.Hi))}}
		}
		if o.judged > 0 {
			name[5] = Entry{Text: fmt.Sprintf("%d of %d", o.likely, o.judged), Small: []string{"runs within chance"}}
		}
		t.addArm(o.row.Arm, name...)
	}
	if len(t.Rows) > 0 {
		t.dropEmpty()
	}
	return t
}

// otherForms are the ages of information and the first messages that theory foresees.
func otherForms(s Section, list []overlay) Table {
	t := Table{Caption: "Age and first message, foreseen and measured: " + s.Name,
		Head: []string{"Transport", "mean age foreseen", "measured", "difference", "first message foreseen", "measured", "difference"}}
	for _, o := range list {
		cells := texts(slices.Repeat([]string{absent}, 6)...)
		if age, ok := theory.Age(o.question); ok {
			foreseen(cells[:3], float64(age), o.row.cell("age-ns"))
		}
		if form, ok := theory.FirstMessage(o.question); ok && form.Mean > 0 {
			foreseen(cells[3:], float64(form.Mean), o.row.cell("first-p50-ns"))
			cells[3].Note = t.note(form.Explain)
		}
		if cells[1].Text != absent || cells[4].Text != absent {
			t.addArm(o.row.Arm, cells...)
		}
	}
	t.dropEmpty()
	return t
}

// foreseen fills in a figure of theory, the measured one and their difference.
func foreseen(cells []Entry, want float64, c Cell) {
	if c.N == 0 || want <= 0 {
		return
	}
	cells[0].Text, cells[1].Text, cells[2].Text = duration(want), c.Text, signedPercent(c.Median/want-1)
	cells[1].below(c.Interval)
	cells[2].below(signed(c.Median - want))
}

func signed(ns float64) string {
	if ns < 0 {
		return "−" + duration(-ns)
	}
	return "+" + duration(ns)
}

func signedPercent(share float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f %%", 100*share), "-", "−", 1)
}

func percentPoints(v float64) string { return fmt.Sprintf("%.1f points", 100*v) }

var theoryLine = draw.LineStyle{Color: inkText, Width: 1.25, Dashes: []vg.Length{2, 2}}

// theoryChart draws the forms over the measured distributions.
func theoryChart(s Section, list []overlay) Chart {
	lo, hi := math.Inf(1), 0.0
	for _, o := range list {
		if o.form.CDF == nil || !o.form.Spread {
			continue
		}
		if xs := quantiles(o.row.digests, cdfPercentiles); len(xs) > 1 {
			lo, hi = min(lo, max(xs[0], 1)), max(hi, xs[len(xs)-1])
		}
		hi = max(hi, float64(o.form.Hi))
	}
	if hi == 0 {
		return Chart{}
	}
	p := linePlot{xLabel: "latency", yLabel: "messages that arrived within it", yTicks: shareTicks()}
	p.xTicks = linearTicks(hi, duration)
	var forms []line // over the measurement, and one of them in the legend
	table := Table{Head: []string{"Transport", "share", "foreseen within", "measured within"}}
	for _, o := range list {
		if o.form.CDF == nil || !o.form.Spread {
			continue
		}
		xs := quantiles(o.row.digests, cdfPercentiles)
		if len(xs) < 2 {
			continue
		}
		p.lines = append(p.lines, line{name: o.row.Arm.Short, style: o.row.Arm.line(), x: xs, y: cdfPercentiles[:len(xs)]})
		form := line{style: theoryLine}
		const steps = 200
		for i := range steps + 1 {
			at := hi * float64(i) / steps
			form.x, form.y = append(form.x, at), append(form.y, 100*o.form.CDF(time.Duration(at)))
			if form.y[i] >= 100 {
				break
			}
		}
		forms = append(forms, form)
		for _, share := range []float64{10, 25, 50, 75, 90} {
			measured := absent
			if at := quantiles(o.row.digests, []float64{share}); len(at) == 1 {
				measured = duration(at[0])
			}
			table.addArm(o.row.Arm, texts(fmt.Sprintf("%v %%", share), duration(float64(inverse(o.form, share/100))), measured)...)
		}
	}
	if len(p.lines) == 0 {
		return Chart{}
	}
	forms[0].name = "theory"
	p.lines = append(p.lines, forms...)
	return p.chart(s.ID+"-theory", "Theory drawn over the measurement: "+s.Name,
		"Coloured lines are measured, thin dotted ones are the closed form. A straight slant is a uniform distribution: any latency up to the interval is as likely as any other.", table)
}

// inverse is the latency within which theory foresees a share of the messages, by bisection.
func inverse(f theory.Form, share float64) time.Duration {
	lo, hi := time.Duration(0), cmp.Or(f.Hi, result.Highest)
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; f.CDF(mid) >= share {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}
