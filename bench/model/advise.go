package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// An Advice ranks the arms for a load.
type Advice struct {
	Ask      Ask
	Ranked   []Prediction // best first
	Excluded []Prediction // that do not meet what must hold
	Level    int          // how many of the first cannot be told apart: their scores differ by less than the model's error
	Beyond   []Beyond     // where the load lies outside of what was measured
	Error    float64      // median of the held-out errors of what was predicted here
	Warnings []string     // how far to trust all this
}

// Advise predicts every arm under a load and ranks those that meet what must hold. Its error says what cannot be
// asked.
func (m *Model) Advise(ask Ask) (*Advice, error) {
	ask = ask.withDefaults()
	if err := ask.check(); err != nil {
		return nil, err
	}
	a := &Advice{Ask: ask}
	var errors []Fitness
	for _, arm := range m.arms {
		p := m.predict(arm, ask)
		p.constrain(ask, m.source.Options.Heartbeat)
		if len(p.Excluded) > 0 {
			a.Excluded = append(a.Excluded, p)
		} else {
			a.Ranked = append(a.Ranked, p)
		}
		for name, e := range p.Errors {
			errors = append(errors, Fitness{p.Transport, name, e})
		}
	}
	a.Error = Median(errors)
	a.rank()
	a.Beyond = m.ranges.beyond(ask.load(m.arms[0].info))
	a.warn(m)
	return a, nil
}

// A figure is what arms are ranked by; less is better.
type figure struct {
	name string // as a preference
	what string // "processor time"
	of   func(Prediction) float64
}

var rankedBy = []figure{
	{ByLatency, "latency", func(p Prediction) float64 { return p.P99.Seconds() }},
	{ByBytes, "bytes", func(p Prediction) float64 { return p.Traffic }},
	{ByCPU, "processor time", func(p Prediction) float64 { return p.Cores }},
	{ByMemory, "memory", func(p Prediction) float64 { return p.Memory }},
}

// counts tells whether a figure counts for an ask: in a balance, latency does only while nothing is said of it,
// since sooner than soon enough is no use.
func (f figure) counts(a Ask) bool {
	if a.Prefer == Balance {
		return f.name != ByLatency || a.Freshness == 0
	}
	return f.name == a.Prefer
}

// rank scores the arms and says why.
func (a *Advice) rank() {
	best := map[string]float64{}
	for _, f := range rankedBy {
		best[f.name] = math.Inf(1)
		for _, p := range a.Ranked {
			if v := f.of(p); v > 0 {
				best[f.name] = math.Min(best[f.name], v)
			}
		}
	}
	for i := range a.Ranked {
		p := &a.Ranked[i]
		sum, n := 0.0, 0
		for _, f := range rankedBy {
			if v := f.of(*p); f.counts(a.Ask) && v > 0 && best[f.name] > 0 {
				sum += math.Log(v / best[f.name])
				n++
			}
		}
		if n > 0 {
			p.Score = math.Exp(sum / float64(n))
		}
	}
	slices.SortStableFunc(a.Ranked, func(p, q Prediction) int {
		if x, y := math.IsNaN(p.Score), math.IsNaN(q.Score); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Compare(p.Score, q.Score)
	})
	for i := range a.Ranked {
		a.Ranked[i].Why = a.why(a.Ranked[i], best)
		if a.Ranked[i].Score <= a.Ranked[0].Score*(1+a.Error) {
			a.Level = i + 1
		}
	}
}

// notable is by how many times the best a figure must be worse to be worth a word.
const notable = 1.15

// why says in a sentence where an arm is best and what it costs more elsewhere.
func (a *Advice) why(p Prediction, best map[string]float64) string {
	var good, bad []string
	for _, f := range rankedBy {
		v := f.of(p)
		if !(v > 0) || math.IsInf(best[f.name], 0) {
			continue
		}
		switch times := v / best[f.name]; {
		case times < 1.005:
			good = append(good, f.what)
		case times > notable:
			bad = append(bad, fmt.Sprintf("%s times the %s", multiple(times), f.what))
		}
	}
	sentence := p.Title
	switch {
	case len(good) == 0 && len(bad) == 0:
		sentence += " is near the best in everything"
	case len(bad) == 0:
		sentence += " is the best in " + join(good)
	case len(good) == 0:
		sentence += " takes " + join(bad) + " of the best"
	default:
		sentence += " is the best in " + join(good) + "; elsewhere it takes " + join(bad) + " of the best"
	}
	if p.Interval > 0 {
		sentence += fmt.Sprintf("; it asks every %s", text(p.Interval))
		if p.Transport == "ajax" {
			sentence += ", four times as often after news and four times as rarely without"
		}
	}
	return sentence + "."
}

// warn says how far the advice can be trusted.
func (a *Advice) warn(m *Model) {
	e := m.source.Environment
	warn := func(format string, args ...any) { a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...)) }
	var beyond, busy []string
	for _, b := range a.Beyond {
		measured := fmt.Sprintf("%.3g times the most measured", b.Factor)
		if b.Asked < b.Lo {
			measured = fmt.Sprintf("%.3g times below the least measured", b.Factor)
		}
		beyond = append(beyond, fmt.Sprintf("%s %s (%s)", number(b.Asked), b.What, measured))
	}
	if len(beyond) > 0 {
		warn("the prediction goes on in a straight line where nobody has measured: %s", join(beyond))
	}
	for _, p := range a.Ranked {
		if p.Cores > usable*float64(e.Cores) {
			busy = append(busy, fmt.Sprintf("%s %.3g", p.Title, p.Cores))
		}
	}
	if len(busy) > 0 {
		warn("one server on the %d processors that were measured would not do, and how several share the work was not measured; processors kept busy: %s", e.Cores, join(busy))
	}
	var blind []string
	for _, p := range a.Ranked {
		if p.Blind && !timetable(p.Transport) {
			blind = append(blind, p.Title)
		}
	}
	if len(blind) > 0 {
		warn("how late the latest come was not measured well enough for %s, so that p99 is a lower bound there", join(blind))
	}
	if len(a.Ranked) == 0 {
		warn("no transport meets what must hold")
	}
	warn("costs are those of %s with %d processors, %s and %s %s; another machine pays other prices: measure there and use --from", strings.TrimSpace(e.CPU), e.Cores, e.Go, m.source.Store.Kind, m.source.Store.Version)
	if m.source.Options.Heartbeat > 0 && a.Ask.Rate < 1/m.source.Options.Heartbeat.Seconds() {
		warn("heartbeats every %s are not in the bytes", text(m.source.Options.Heartbeat))
	}
	warn("recent messages that the log keeps in memory are not in it; redislog.Options bounds them")
	if e.Modified {
		warn("the program that was measured had changes that were not committed")
	}
}

// multiple writes a ratio with two digits.
func multiple(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.2g", v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return number(math.Round(v/unit) * unit)
}

// number writes a quantity with its thousands apart.
func number(v float64) string {
	s := fmt.Sprintf("%.4g", v)
	if v >= 1000 {
		s = fmt.Sprintf("%.0f", v)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
	}
	return s
}

func join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
