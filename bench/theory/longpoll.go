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
	if batch := float64(s.q.Options.Batch); batch > 0 && s.perPeriod(turn) > batch/2 {
		return bounds("A message that just misses an answer waits for the next request; full answers leave some for the one after.")
	}
	switch s.q.Workload.Arrival.Process {
	case workload.Constant:
		if s.spacing > s.hold() {
			return bounds("A request that is given up after Hold leaves a turn in which none waits; a message that comes just then waits for the next.")
		}
		if s.spacing > turn {
			return mixture{{1, 0, 0}}, Form{
				Text:    "one moment, " + text(seconds(s.shift)),
				Explain: "The next message comes later than the next request, so that one is always waiting.",
			}, true
		}
		return uniform(0, turn), Form{
			Text:    s.uniformText(turn),
			Explain: fmt.Sprintf("Messages come faster than requests, so each answer takes what came during the turn of %s before it.", text(seconds(turn))) + s.latticeText(turn),
		}, true
	case workload.Poisson:
		if s.q.Workload.Topics > 1 {
			return bounds("A message that comes right after an answer waits for the next request.")
		}
		if turn == 0 {
			return mixture{{1, 0, 0}}, Form{Text: "one moment", Explain: "Without a network a request is always waiting."}, true
		}
		at, waits := s.longpollShares()
		return mixture{{at, 0, 0}, {waits, 0, turn}}, Form{
			Text: fmt.Sprintf("%s for %.3g %% of the messages, else uniform up to %s", text(seconds(s.shift)), 100*at, text(seconds(s.shift+turn))),
			Explain: fmt.Sprintf("A request waits, except for %s after each answer. A message that comes then waits for the next request; with the rate λ of a topic and G that turn, a share of x/(1+x) does, x = λG·e^(λG).",
				text(seconds(turn))),
		}, true
	}
	return bounds("A message that comes right after an answer waits for the next request.")
}

// longpollShares are the shares of messages that meet a waiting request and that wait for the next, when they
// arrive at random. Each request that finds nothing is answered by a message or by the end of Hold; then there
// are turns until one is empty, e^(λG) of them in the mean, with λG messages each.
func (s setting) longpollShares() (at, waits float64) {
	at = -math.Expm1(-s.rate * s.hold())
	waits = s.rate * s.turn * math.Exp(s.rate*s.turn)
	return at / (at + waits), waits / (at + waits)
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
