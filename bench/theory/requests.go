package theory

import (
	"math"

	"transportlab/bench/workload"
)

// Requests are how often one client asks for news in a second.
type Requests struct {
	Asked    float64 // questions
	Answered float64 // of them, those that brought messages
}

// Asks returns how often a client of an arm asks; 0 where the server sends unasked. It is exact where arrivals are
// random and takes their phase for random where they are even; in between, as with ajax at even spacing, it is
// near. It is false where answers overflow, clients send too, and where arms are not the lab's.
func Asks(q Question) (Requests, bool) {
	w := q.Workload
	s := newSetting(q)
	switch {
	case w.Kind == workload.Idle:
		s.rate, s.spacing = 0, math.Inf(1)
	case !w.Kind.Delivers():
		return Requests{}, true // nobody receives
	case w.Kind.Closed() || w.Kind == workload.Resume:
		return Requests{}, false
	}
	switch name := q.Arm.Transport; {
	case name == "polling":
		period := math.Max(s.interval(), s.turn)
		if s.interval() <= 0 || s.fills(period) {
			return Requests{}, false
		}
		return Requests{1 / period, s.newsIn(period) / period}, true
	case name == "ajax":
		return s.ajaxRequests()
	case name == "longpoll" || name == "socketio-polling":
		return s.longpollRequests()
	}
	return Requests{}, q.Push
}

// newsIn is the chance of a message of the topic in a time that begins at any moment.
func (s setting) newsIn(length float64) float64 {
	a := s.q.Workload.Arrival
	switch {
	case s.rate == 0:
		return 0
	case a.Process == workload.Poisson && s.q.Workload.Topics <= maxStages:
		k, rate := s.stages()
		anywhere := make([]float64, k)
		for i := range anywhere {
			anywhere[i] = 1 / float64(k)
		}
		none := 0.0
		for _, x := range newSpan(k, rate, length).none(anywhere) {
			none += x
		}
		return 1 - none
	case a.Process == workload.Bursts:
		return math.Min(1, length*s.rate*float64(max(s.q.Workload.Topics, 1))/float64(max(a.Burst, 1)))
	}
	return math.Min(1, length*s.rate)
}

func (s setting) ajaxRequests() (Requests, bool) {
	steps := s.ladder()
	last := steps[len(steps)-1]
	switch {
	case s.interval() <= 0 || s.fills(last) || s.q.Workload.Kind == workload.Chat:
		return Requests{}, false
	case s.rate == 0:
		return Requests{Asked: 1 / last}, true
	case s.q.Workload.Arrival.Process == workload.Poisson && s.q.Workload.Topics <= maxStages:
		visits := s.ladderVisits(steps)
		asked, length := 0.0, 0.0
		for i, step := range steps {
			for _, x := range visits[i] {
				asked += x
				length += x * step
			}
		}
		return Requests{asked / length, 1 / length}, true
	}
	// Even arrivals: a message finds the ladder at any height that its spacing allows.
	spacing := 1 / s.rate
	if spacing <= steps[0] {
		return Requests{1 / steps[0], 1 / steps[0]}, true
	}
	const samples = 1000
	asked := 0.0
	for i := range samples {
		after, until := 0.0, spacing*(float64(i)+0.5)/samples
		for k := 0; after < until; k++ {
			after += steps[min(k, len(steps)-1)]
			asked++
		}
	}
	return Requests{s.rate * asked / samples, s.rate}, true
}

func (s setting) longpollRequests() (Requests, bool) {
	switch {
	case s.fills(s.turn):
		return Requests{}, false
	case s.rate == 0:
		return Requests{Asked: 1 / (s.hold() + s.turn)}, true
	case s.q.Workload.Arrival.Process == workload.Poisson && s.q.Workload.Topics <= maxStages:
		begins, met := s.turnBegins()
		k, rate := s.stages()
		turn := newSpan(k, rate, s.turn)
		ended := met // turns that end with an answer, of all
		for _, x := range turn.some(begins) {
			ended += x
		}
		answered := s.rate * ended / (met + turn.messages(begins))
		return Requests{answered / ended, answered}, true
	case s.rate*s.turn >= 1:
		return Requests{1 / s.turn, 1 / s.turn}, true
	}
	return Requests{math.Max(s.rate, 1/(s.hold()+s.turn)), s.rate}, true
}
