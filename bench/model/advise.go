package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// An Advice ranks the arms for a load.
type Advice struct {
	Ask      Ask
	Ranked   []Prediction // best first
	Excluded []Prediction // that do not meet what must hold
	Level    int          // how many of the first cannot be told apart: their scores differ by less than the model's error
	Beyond   []Beyond     // where the load lies outside of what was measured
	Errors   []Fitness    // held-out, by figure: the median over transports of their medians
	Error    float64      // of what the arms were ranked by
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
	for _, arm := range m.arms {
		p := m.predict(arm, ask)
		p.constrain(ask, m.source.Options.Heartbeat)
		if len(p.Excluded) > 0 {
			a.Excluded = append(a.Excluded, p)
		} else {
			a.Ranked = append(a.Ranked, p)
		}
	}
	a.Errors = m.byFigure()
	a.Error = a.rankError()
	a.rank()
	a.Beyond = m.ranges.beyond(ask.load(m.arms[0].info))
	a.warn(m)
	return a, nil
}

// A figure is what arms are ranked by; less is better.
type figure struct {
	name string // as a preference
	what string // "processor time"
	law  string // that predicts it
	of   func(Prediction) float64
}

var rankedBy = []figure{
	{ByLatency, "latency", lawP50, func(p Prediction) float64 { return p.P99.Seconds() }},
	{ByBytes, "bytes", lawDown, func(p Prediction) float64 { return p.Traffic }},
	{ByCPU, "processor time", lawCPU, func(p Prediction) float64 { return p.Cores }},
	{ByMemory, "memory", lawMemory, func(p Prediction) float64 { return p.Memory }},
}

// counts tells whether a figure counts for an ask: in a balance, latency does only while nothing is said of it,
// since sooner than soon enough is no use.
func (f figure) counts(a Ask) bool {
	if a.Prefer == Balance {
		return f.name != ByLatency || a.Freshness == 0
	}
	return f.name == a.Prefer
}

// byFigure is the held-out error of every figure, the median over transports of their medians.
func (m *Model) byFigure() []Fitness {
	all := m.Errors()
	var list []Fitness
	for _, law := range laws() {
		of := slices.DeleteFunc(slices.Clone(all), func(e Fitness) bool { return e.Figure != law.name })
		if len(of) == 0 {
			continue
		}
		f := Fitness{Figure: law.name, Error: Error{Median: Median(of)}}
		for _, e := range of {
			f.Runs += e.Runs
			f.P90, f.Max = math.Max(f.P90, e.P90), math.Max(f.Max, e.Max)
			f.Configurations = max(f.Configurations, e.Configurations)
		}
		list = append(list, f)
	}
	return list
}

// rankError is by how much a score may be off: the errors of the figures that count are as good as independent, so
// that a geometric mean of n is off by a √n-th of theirs, and the ratio of two by √2 as much.
func (a *Advice) rankError() float64 {
	sum, n := 0.0, 0
	for _, f := range rankedBy {
		for _, e := range a.Errors {
			if f.counts(a.Ask) && e.Figure == f.law {
				sum += e.Median * e.Median
				n++
			}
		}
	}
	return math.Sqrt(2*sum) / float64(max(n, 1))
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
