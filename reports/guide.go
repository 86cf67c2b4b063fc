package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// An Advice is one row of "which transport when": a situation, and what the measurements say to it.
type Advice struct {
	Situation string
	Choose    string
	Measured  string
	Section   string // the workload that it rests on
	chapter   string // that shows the figure
	Sure      bool   // enough runs of all
}

// situations are what readers come with, each with the figure that decides it and the kinds of workload
// that can answer it, best first.
var situations = []struct {
	text   string
	metric string
	kinds  []workload.Kind
}{
	{"A page shows events as they happen", "p50-ns", []workload.Kind{workload.Fanout, workload.Push, workload.Burst}},
	{"The slowest messages matter too", "p99-ns", []workload.Kind{workload.Fanout, workload.Push, workload.Burst}},
	{"Users write to each other", "p50-ns", []workload.Kind{workload.Chat, workload.RTT}},
	{"Clients mostly send", "ack-p50-ns", []workload.Kind{workload.Ingest, workload.Chat}},
	{"Connections break often", "catchup-p50-ns", []workload.Kind{workload.Resume}},
	{"Traffic is paid for", "wire-B/msg", []workload.Kind{workload.Push, workload.Fanout, workload.Chat}},
	{"Server processors are scarce", "cpu-ns/msg", []workload.Kind{workload.Fanout, workload.Push, workload.Chat}},
	{"Many clients wait, little happens: memory", "B/conn", []workload.Kind{workload.Idle}},
	{"Many clients wait, little happens: traffic", "idle-B/min", []workload.Kind{workload.Idle}},
}

// guide answers each situation that the measurements can answer, and for every condition beyond the plain
// one how fast events are shown under it.
func guide(sections []Section) []Advice {
	var list []Advice
	answer := func(text, metric, condition string, kinds []workload.Kind) {
		for _, kind := range kinds {
			i := slices.IndexFunc(sections, func(s Section) bool { return s.Workload.Kind == kind && s.Condition == condition })
			if i < 0 {
				continue
			}
			if a, ok := advise(text, metric, sections[i]); ok {
				list = append(list, a)
				return
			}
		}
	}
	var conditions []string
	for _, s := range sections {
		if !slices.Contains(conditions, s.Condition) {
			conditions = append(conditions, s.Condition)
		}
	}
	if len(conditions) == 0 {
		return nil
	}
	usual := conditions[0] // the plain one, unless nothing was measured under it
	for _, s := range situations {
		answer(s.text, s.metric, usual, s.kinds)
	}
	for _, c := range conditions[1:] {
		answer("Events are shown: "+c, "p50-ns", c, []workload.Kind{workload.Fanout, workload.Push, workload.Burst, workload.RTT})
	}
	return list
}

func advise(situation, name string, s Section) (Advice, bool) {
	type entry struct {
		arm    string
		cell   Cell
		values []float64
	}
	var entries []entry
	for _, r := range s.Rows {
		if r.Arm.Floor {
			continue
		}
		c := r.cell(name)
		if c.N == 0 {
			return Advice{}, false // who was not measured may be the best
		}
		entries = append(entries, entry{r.Arm.Short, c, values(name, r.runs)})
	}
	if len(entries) < 2 {
		return Advice{}, false
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.cell.Median, b.cell.Median) })
	first, second, last := entries[0], entries[1], entries[len(entries)-1]
	a := Advice{Situation: situation, Section: s.ID, chapter: chapterOf(name), Sure: true}
	ps := make([]float64, len(entries)-1)
	for i, e := range entries[1:] {
		ps[i] = stats.PValue(e.values, first.values)
	}
	ps = stats.Holm(ps)
	choices := []string{first.arm}
	for i, e := range entries[1:] {
		switch stats.Compare(e.values, first.values).Verdict(ps[i], equivalence) {
		case stats.TooSmall:
			a.Sure = false
			if metric(name).Exact && e.cell.Median == first.cell.Median {
				choices = append(choices, e.arm)
			}
		case stats.Equivalent, stats.NoDifference:
			choices = append(choices, e.arm)
		}
	}
	a.Choose = either(choices)
	if len(choices) == len(entries) && len(entries) > 2 {
		a.Choose = "any: no difference found"
	}
	a.Measured = fmt.Sprintf("%s; %s %s", first.cell.Text, second.arm, second.cell.Text)
	if len(entries) > 2 {
		a.Measured += fmt.Sprintf("; %s %s", last.arm, last.cell.Text)
	}
	return a, true
}

// either lists names to choose from.
func either(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// chapterOf is the chapter that shows a metric.
func chapterOf(name string) string {
	switch metric(name).Unit {
	case "B":
		if name == "B/conn" {
			return "cost"
		}
		return "overhead"
	case "ns":
		if name != "cpu-ns/msg" {
			return "latency"
		}
	}
	return "cost"
}
