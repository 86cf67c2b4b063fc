package theory

import (
	"fmt"
	"math"

	"transportlab/bench/workload"
)

// levels are the intervals of ajax in units of the shortest: it begins anew after news and doubles without.
var levels = [...]float64{1, 2, 4, 8, 16}

// shortest is ajax's first interval as a share of Options.Interval; the longest is levels' last times as long.
const shortest = 0.25

// ladder returns the times between the questions of ajax: entry k after k questions without news, the last for
// ever after.
func (s setting) ladder() []float64 {
	steps := make([]float64, len(levels))
	for k, level := range levels {
		steps[k] = math.Max(level*shortest*s.interval(), s.turn)
	}
	return steps
}

func (s setting) ajax() (mixture, Form, bool) {
	if s.interval() <= 0 {
		return nil, Form{}, false
	}
	steps := s.ladder()
	first, last := steps[0], steps[len(steps)-1]
	switch {
	case s.q.Workload.Kind == workload.Chat:
		return nil, Form{Text: s.boundsText(last), Hi: seconds(last),
			Explain: fmt.Sprintf("The client asks every %s after news, more rarely without, up to every %s; what it says itself brings news too.", Text(seconds(first)), Text(seconds(last)))}, true
	case s.fills(last) && s.spacing == 0:
		return nil, Form{Text: s.boundsText(last), Hi: seconds(last), Explain: "Full answers are followed by another question at once, which cuts some waits short."}, true
	case s.spacing > 0 && s.spacing <= first && s.q.Workload.Arrival.Process == workload.Constant:
		return uniform(0, first), Form{Text: s.uniformText(first),
			Explain: fmt.Sprintf("There is always news, so the client asks every %s.", Text(seconds(first))) + s.latticeText(first)}, true
	case s.spacing > 0 && s.q.Workload.Arrival.Process == workload.Constant:
		wait := longestStep(steps, s.spacing)
		return nil, Form{Text: s.boundsText(wait), Hi: seconds(wait),
			Explain: fmt.Sprintf("Messages come every %s; the client asks %s after news and then ever more rarely, so that how long each waits follows from the one before.", Text(seconds(s.spacing)), Text(seconds(first)))}, true
	case s.q.Workload.Arrival.Process != workload.Poisson || s.q.Workload.Topics > maxStages:
		return nil, Form{Text: s.boundsText(last), Hi: seconds(last),
			Explain: fmt.Sprintf("The client asks every %s after news and ever more rarely without, up to every %s.", Text(seconds(first)), Text(seconds(last)))}, true
	}
	m := s.ladderWaits(steps)
	return m, Form{
		Text: fmt.Sprintf("between %s and %s, most on the short side: a mixture of uniforms", Text(seconds(s.shift)), Text(seconds(s.shift+last))),
		Explain: fmt.Sprintf("The client asks again %s after news and twice as late after each empty answer, up to %s. Which of the intervals a random message falls into follows from the chances that they stay empty: e^(−λP) for an interval P and one topic.",
			Text(seconds(first)), Text(seconds(last))),
	}, true
}

// longestStep is the step of the ladder in which a message falls that comes so long after a question with news.
func longestStep(steps []float64, after float64) float64 {
	sum := 0.0
	for _, step := range steps {
		if sum += step; sum >= after {
			return step
		}
	}
	return steps[len(steps)-1]
}

// ladderWaits is how long messages wait that arrive at random.
func (s setting) ladderWaits(steps []float64) mixture {
	k, rate := s.stages()
	var m mixture
	for i, from := range s.ladderVisits(steps) {
		m = waits(m, k, rate, steps[i], from)
	}
	return m.normal()
}

// ladderVisits is how often each step is at each stage in the time from one question with news to the next, when
// messages arrive at random. After each such question the ladder begins anew, at a stage that depends on the
// one before; what a question finds depends on the stage and the step.
func (s setting) ladderVisits(steps []float64) [][]float64 {
	k, rate := s.stages()
	spans := make([]span, len(steps))
	for i, step := range steps {
		spans[i] = newSpan(k, rate, step)
	}
	climb := func(from []float64) (visits [][]float64, next []float64) {
		next = make([]float64, k)
		for i, span := range spans {
			if i == len(spans)-1 {
				from = span.until(from) // stays until there is news
			}
			visits = append(visits, from)
			for j, x := range span.some(from) {
				next[j] += x
			}
			from = span.none(from)
		}
		return visits, next
	}
	chain := make([][]float64, k)
	for j := range chain {
		_, chain[j] = climb(stages(k, j))
	}
	visits, _ := climb(stationary(chain))
	return visits
}
