package theory

import (
	"fmt"
	"math"
	"strings"
	"time"

	"transportlab/bench/workload"
)

// polling asks every interval from request to request, or as soon as the answer is there when that takes longer.
func (s setting) polling() (mixture, Form, bool) {
	interval := s.interval()
	if interval <= 0 {
		return nil, Form{}, false
	}
	period := math.Max(interval, s.turn)
	f := Form{
		Text: s.uniformText(period),
		Explain: fmt.Sprintf("The server is asked every %s. A message that arrives at a random moment between two questions waits for the second one.",
			Text(seconds(period))) + s.latticeText(period),
	}
	if s.fills(period) {
		f.Text = s.boundsText(period)
		f.Explain = fmt.Sprintf("The server is asked every %s, and at once again after a full answer of %d messages, which cuts some waits short.",
			Text(seconds(period)), s.q.Options.Batch)
		f.Hi = seconds(period)
		return nil, f, true
	}
	return uniform(0, period), f, true
}

// mostBatch bounds what is computed for servers that put any number of messages in an answer.
const mostBatch = 1 << 14

// fills tells whether a topic may have more messages in a period than one answer holds.
func (s setting) fills(period float64) bool {
	n := s.rate * period
	if a := s.q.Workload.Arrival; a.Process == workload.Bursts {
		n += float64(a.Burst) / float64(max(s.q.Workload.Topics, 1))
	}
	return n > float64(min(s.q.Options.Batch, mostBatch))/2
}

func (s setting) uniformText(period float64) string {
	return fmt.Sprintf("uniform on [%s, %s]", Text(seconds(s.shift)), Text(seconds(s.shift+period)))
}

func (s setting) boundsText(wait float64) string {
	return fmt.Sprintf("between %s and %s", Text(seconds(s.shift)), Text(seconds(s.shift+wait)))
}

// latticeText says what even spacing does to a form that takes arrivals for random.
func (s setting) latticeText(period float64) string {
	if s.q.Workload.Arrival.Process == workload.Poisson {
		return ""
	}
	note := " Messages here do not come at random moments"
	if s.spacing > 0 {
		note += fmt.Sprintf(" but every %s", Text(seconds(s.spacing)))
	}
	return note + fmt.Sprintf(": where that and %s share a multiple, a client meets the same few waits again and again, and its mean may lie off by up to half their distance; clients that begin to ask at the same time share that error.",
		Text(seconds(period)))
}

// interval is the time between two requests.
func (s setting) interval() float64 { return s.q.Options.Interval.Seconds() }

// variant returns the duration that a variant such as "interval=100ms,size=64" gives a key, or else usual.
func variant(v, key string, usual time.Duration) time.Duration {
	for field := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ',' || r == '/' }) {
		if value, ok := strings.CutPrefix(field, key+"="); ok {
			if d, err := time.ParseDuration(value); err == nil {
				return d
			}
		}
	}
	return usual
}

// echo is the form for closed loops: a client sends, waits for its own message, and sends the next at once.
func (s setting) echo() (mixture, Form, bool) {
	f := Form{}
	round := s.r + s.floor - s.shift // the shift is added later; here the publisher is the client, and always crosses
	name := s.q.Arm.Transport
	switch {
	case name == "polling":
		interval := s.interval()
		if interval <= 0 {
			return nil, f, false
		}
		f.Explain = "The message comes back with the first question after it was sent; the next is sent in the moment of the answer, so that the wait is the time from answer to answer."
		if interval > s.turn+s.floor {
			f.Text = "the interval, " + Text(seconds(interval))
			return mixture{{1, interval - s.shift, interval - s.shift}}, f, true
		}
		hi := 2 * math.Max(interval, s.turn)
		f.Text = fmt.Sprintf("between %s and %s", Text(seconds(s.turn)), Text(seconds(hi)))
		f.Explain += " The round trip is about as long as the interval, so that message and question race."
		f.Lo, f.Hi = seconds(round), seconds(hi-s.shift)
		return nil, f, true
	case name == "ajax":
		f.Explain = "The answer to the POST carries the news."
	case name == "longpoll" || name == "socketio-polling":
		f.Explain = "The question for the next message travels beside the message itself."
	case s.q.Push:
		f.Explain = "Up, and down again."
	default:
		return nil, f, false
	}
	f.Text = "the round trip, " + Text(seconds(s.r+s.floor))
	return mixture{{1, round, round}}, f, true
}
