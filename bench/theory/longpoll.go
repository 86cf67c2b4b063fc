package theory

import (
	"fmt"
	"math"

	"transportlab/bench/workload"
)

// longpoll has a request waiting at the server, except for one turn after each answer: until the answer has
// gone down and the next request has come up.
func (s setting) longpoll() (mixture, Form, bool) {
	turn := s.turn
	bounds := func(why string) (mixture, Form, bool) {
		return nil, Form{Text: s.boundsText(turn), Hi: seconds(turn), Explain: why}, true
	}
	if s.fills(turn) {
		return bounds("A message that just misses an answer waits for the next request; full answers leave some for the one after.")
	}
	switch s.q.Workload.Arrival.Process {
	case workload.Constant:
		if s.spacing > s.hold() {
			return bounds("A request that is given up after Hold leaves a turn in which none waits; a message that comes just then waits for the next.")
		}
		if s.spacing > turn {
			return mixture{{1, 0, 0}}, Form{
				Text:    "one moment, " + Text(seconds(s.shift)),
				Explain: "The next message comes later than the next request, so that one is always waiting.",
			}, true
		}
		return uniform(0, turn), Form{
			Text:    s.uniformText(turn),
			Explain: fmt.Sprintf("Messages come faster than requests, so each answer takes what came during the turn of %s before it.", Text(seconds(turn))) + s.latticeText(turn),
		}, true
	case workload.Poisson:
		if s.q.Workload.Topics > maxStages {
			return bounds("A message that comes right after an answer waits for the next request.")
		}
		if turn == 0 {
			return mixture{{1, 0, 0}}, Form{Text: "one moment", Explain: "Without a network a request is always waiting."}, true
		}
		m := s.turnWaits()
		return m, Form{
			Text: fmt.Sprintf("%s for %.3g %% of the messages, else up to %s", Text(seconds(s.shift)), 100*m[0].weight, Text(seconds(s.shift+turn))),
			Explain: fmt.Sprintf("A request waits, except for %s after each answer. A message that comes then waits for the next request. Where a topic has random arrivals at the rate λ, a share of x/(1+x) does and waits evenly spread, x = λG·e^(λG) with G that turn; where several topics take them in turn, fewer do.",
				Text(seconds(turn))),
		}, true
	}
	return bounds("A message that comes right after an answer waits for the next request.")
}

// turnWaits is how long messages wait that arrive at random; its first part is those that meet a waiting
// request.
func (s setting) turnWaits() mixture {
	k, rate := s.stages()
	begins, met := s.turnBegins()
	return waits(mixture{{met, 0, 0}}, k, rate, s.turn, begins).normal()
}

// turnBegins is at which stages turns begin when messages arrive at random, and the share of them after which a
// waiting request is met by a message. Each turn ends with news, and then another turn follows, or without: then
// a request waits, until a message comes or Hold is over, and a turn follows again.
func (s setting) turnBegins() (begins []float64, met float64) {
	k, rate := s.stages()
	turn := newSpan(k, rate, s.turn)
	held := func(from []float64) (given []float64, met float64) { // up, and met by a message
		for _, x := range from {
			met += x
		}
		if rate*s.hold() > float64(2000+50*k) { // certain to be met
			return make([]float64, k), met
		}
		given = newSpan(k, rate, s.hold()).none(from)
		for _, x := range given {
			met -= x
		}
		return given, math.Max(met, 0)
	}
	chain := make([][]float64, k)
	for j := range chain {
		from := stages(k, j)
		chain[j] = turn.some(from)
		given, met := held(turn.none(from))
		for i, x := range given {
			chain[j][i] += x
		}
		chain[j][0] += met
	}
	begins = stationary(chain)
	_, met = held(turn.none(begins))
	return begins, met
}

// stages is by how many topics messages that arrive at random are taken in turn, and their rate.
func (s setting) stages() (k int, rate float64) {
	k = max(s.q.Workload.Topics, 1)
	return k, s.rate * float64(k)
}

// hold is how long a request waits at most; a Socket.IO server holds it until the next heartbeat.
func (s setting) hold() float64 {
	hold := s.q.Options.Hold
	if s.q.Arm.Transport != "longpoll" {
		hold = s.q.Options.Heartbeat
	}
	if hold <= 0 {
		return math.Inf(1)
	}
	return hold.Seconds()
}
