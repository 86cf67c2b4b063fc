package theory

import (
	"math"
	"time"

	"transportlab/bench/workload"
)

// Age returns how old the newest thing is that a client knows, in the mean over time (Kaul, Yates and Gruteser
// 2012): what delivery takes and the time since the last message, and for arms that ask also the time since they
// last did. It is false where no form is known.
func Age(q Question) (time.Duration, bool) {
	w := q.Workload
	if !w.Kind.Delivers() || w.Kind.Closed() || w.Kind == workload.Resume || q.Net.Loss > 0 || q.Net.Jitter > 0 {
		return 0, false
	}
	s := newSetting(q)
	since, ok := s.sinceLast()
	if !ok {
		return 0, false
	}
	poisson := w.Arrival.Process == workload.Poisson && w.Topics <= 1
	var waiting float64 // for somebody to ask
	switch name := q.Arm.Transport; {
	case name == "polling":
		period := math.Max(s.interval(), s.turn)
		if s.interval() <= 0 || s.fills(period) {
			return 0, false
		}
		waiting = period / 2
	case name == "ajax":
		steps := s.ladder()
		if !poisson || w.Kind == workload.Chat || s.interval() <= 0 || s.fills(steps[len(steps)-1]) {
			return 0, false
		}
		waiting = s.ladderAge(steps) - since
	case name == "longpoll" || name == "socketio-polling":
		switch {
		case s.fills(s.turn):
			return 0, false
		case s.spacing > s.turn && s.spacing <= s.hold():
		case poisson && s.rate*s.hold() > 10: // so that a message meets the request, not its end
			waiting = s.turnAge()
		default:
			return 0, false
		}
	case !q.Push:
		return 0, false
	}
	return seconds(s.shift + since + waiting), true
}

// sinceLast is the time since the last message of a topic, in the mean over time: E(X²)/2E(X) of the spacing X.
func (s setting) sinceLast() (float64, bool) {
	switch a := s.q.Workload.Arrival; {
	case a.Process == workload.Constant:
		return s.spacing / 2, true
	case a.Process == workload.Poisson:
		k, _ := s.stages()
		return (1 + 1/float64(k)) / (2 * s.rate), true
	case a.Process == workload.Bursts && s.q.Workload.Topics <= 1:
		return float64(a.Burst) / s.rate / 2, true
	}
	return 0, false
}

// lastIn is the time from the last of the random messages in a span τ to its end, given that there is one:
// 1/λ - τ/(e^(λτ) - 1), the mean of an exponential that is cut off at τ.
func lastIn(rate, span float64) float64 { return 1/rate - span/math.Expm1(rate*span) }

// ladderAge is the age at the client of ajax, less what delivery takes. Each question with news begins a cycle that
// reaches step k with the chance that no message came until then; the age grows through the cycle from
// what it was at its beginning.
func (s setting) ladderAge(steps []float64) float64 {
	last := len(steps) - 1
	begin, start := 0.0, 0.0 // the age at a cycle's begin; when a step starts
	for k, step := range steps {
		ends := math.Exp(-s.rate*start) * -math.Expm1(-s.rate*step)
		if k == last {
			ends = math.Exp(-s.rate * start)
		}
		begin += ends * lastIn(s.rate, step)
		start += step
	}
	area, length := 0.0, 0.0
	start = 0
	for k, step := range steps {
		reach, again := math.Exp(-s.rate*start), 0.0
		if k == last {
			again = math.Exp(-s.rate * step)
		}
		visits := reach / (1 - again)
		length += visits * step
		area += visits * step * (begin + start + step/2 + step*again/(1-again))
		start += step
	}
	return area / length
}

// turnAge is by how much turns without a waiting request make information older at random arrivals. A turn
// begins with what is l old and ends with the newest of its own messages; what came in between was not told yet.
func (s setting) turnAge() float64 {
	g, rate := s.turn, s.rate
	if g == 0 {
		return 0
	}
	caught := -math.Expm1(-rate*g) / rate
	excess := func(l float64) float64 { return g*g/2 - g/rate + caught/rate + l*(g-caught) }
	turns := math.Exp(rate * g) // from one waiting request to the next; the first begins with a message
	return (excess(0) + (turns-1)*excess(lastIn(rate, g))) / (1/rate + turns*g)
}
