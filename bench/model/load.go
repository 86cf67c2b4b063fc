package model

import (
	"time"

	"transportlab/bench/result"
	"transportlab/bench/theory"
	"transportlab/bench/workload"
)

// A load is what an arm has to do, in the terms that costs depend on. Rates are a second, of all clients together.
type load struct {
	clients, publishers float64 // connections
	sends, deliveries   float64
	asked, answered     float64 // questions of clients that ask, and those that brought messages
	size                float64 // bytes of a message
	readers             float64 // clients that one message goes to
	held                float64 // messages that the log was given until the end
}

// question is what theory is asked of a run.
func (o Observation) question(options result.Options, push bool) theory.Question {
	q := theory.Question{Arm: o.Arm, Push: push, Options: options, Workload: workload.Workload{Kind: o.Kind, Clients: o.Clients, Publishers: o.Publishers,
		Topics: o.Topics, Size: o.Size, Rate: o.Rate, Arrival: workload.Arrival{Process: o.Process, Burst: o.Burst}}}
	if o.P50 != nil && o.Arm.Transport == "longpoll" {
		q.Floor = time.Duration(*o.P50 * float64(time.Second)) // messages that come during a turn share an answer
	}
	return q
}

// load is false where it cannot be told how often clients asked.
func (o Observation) load(options result.Options, push bool) (load, bool) {
	requests, ok := theory.Asks(o.question(options, push))
	n := float64(o.Clients)
	l := load{clients: n, publishers: float64(o.Publishers), sends: o.Sends, deliveries: o.Deliveries,
		asked: requests.Asked * n, answered: requests.Answered * n, size: float64(o.Size)}
	if l.sends > 0 {
		l.readers = l.deliveries / l.sends
		l.held = l.sends * o.Lasted
	}
	return l, ok
}

// asleep is how often a second something finds the server asleep: work that comes while it is still busy with what
// came before wakes nobody. awake is how long it stays so, in seconds.
func asleep(events, awake float64) float64 { return events / (1 + events*awake) }

// woken is how many readers of one message are woken apart from each other: the first few each wake a processor,
// the others are met by one that is awake.
func woken(readers float64) float64 { return readers / (1 + readers/8) }
