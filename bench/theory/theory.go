// Package theory is what arithmetic alone says of a measurement before it is made: how long deliveries take,
// how old what clients know is, what a first message costs and how many bytes a message needs. A
// measurement that lies elsewhere is wrong, or tells of something that the arithmetic leaves out.
//
//	form, ok := theory.Delivery(theory.Question{Arm: run.Arm, Push: info.Push, Workload: w, Options: d.Options, Net: net, Floor: floor})
//	if ok && form.CDF != nil { … }                    // draw form.CDF over the measured distribution
//	bins, err := theory.Bins(run.Delivery)
//	test := theory.KS(bins, form, run.Accounting.Acked)  // how far apart they are; test.Text says what that means
//
// Throughout, R is the network's round trip and d = R/2 one way through it; λ is the rate of one client's
// topic; the floor is what delivery takes without any network.
//
//	websocket, streaming, socketio     in the same moment: d after the log has the message
//	polling, on a timetable            uniform on [d, d + P], P = max(Interval, R + floor)
//	ajax, Poisson arrivals             a mixture of uniforms on [d, d + Pₖ], one for each interval that it adapts to
//	longpoll, spacing over R           d, since a request waits
//	longpoll, Poisson arrivals         d with chance 1/(1+x), else uniform on [d, d + R]; x = λR·e^(λR)
//	                                   (topics that take random arrivals in turn: by their stages, see stages.go)
//	longpoll, spacing under R          uniform on [d, d + R]: batches wait for the next request
//
// The usual form for polling is uniform on [d, d + Δ + R] for a client that pauses for Δ after each answer. The
// lab's client asks on a timetable, every Interval from request to request, so its pause is Interval − R and its
// P is Interval; both forms agree where Interval = Δ + R. Only a round trip longer than the interval makes
// it ask later: then the next request follows the answer at once.
//
// Latency counts from the publisher, whose message crosses the network too before the log has it. That adds d to
// every form, unless Question.Beside says that publishers sit beside the server.
package theory

import (
	"fmt"
	"math"
	"strings"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A Question is what is asked of a form: an arm under a workload. Arm, Workload and Options must be set as
// a document has them, defaults filled in.
type Question struct {
	Arm      result.Arm
	Push     bool // the server sends unasked; as in result.ArmInfo
	Workload workload.Workload
	Options  result.Options
	Net      result.Net    // what lies between clients and server; its achieved round trip counts, else the one asked. Zero is loopback
	Floor    time.Duration // what delivery takes without network and waiting: a push arm's median on loopback; 0
	Beside   bool          // publishers sit beside the server: only the way to the clients crosses the network
}

// A Form is the distribution of a run's delivery latencies, or as much of it as can be known.
type Form struct {
	Text    string                      // in a line: "uniform on [25 ms, 275 ms]"
	Explain string                      // why, and what it leaves out
	Mean    time.Duration               // 0 when only bounds are known
	Lo, Hi  time.Duration               // bounds; Hi is 0 when there is none
	CDF     func(time.Duration) float64 // share of deliveries that take at most so long; nil when only bounds are known
	Spread  bool                        // CDF is continuous: a Kolmogorov–Smirnov test against it says something
	Drawn   bool                        // send times are drawn at random, so that samples are independent as far as messages are
}

// Quantile is how long the given share of deliveries takes at most, to the nanosecond; 0 when only bounds are known.
func (f Form) Quantile(share float64) time.Duration {
	if f.CDF == nil {
		return 0
	}
	lo, hi := f.Lo, f.Hi
	for lo < hi {
		if mid := lo + (hi-lo)/2; f.CDF(mid) >= share {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return hi
}

// A setting is a question in the terms of the forms; all times are seconds.
type setting struct {
	q       Question
	r, d    float64 // round trip, one way
	shift   float64 // what every delivery takes: ways through the network and the floor
	floor   float64
	turn    float64 // from the server's answer to the next request's arrival at it
	rate    float64 // λ of one client's topic
	spacing float64 // between messages of a topic, when it is always the same; 0 when it is not
}

// Delivery returns the form of the delivery latency. It is false where none is known: workloads that deliver
// nothing or cut clients off, arms that are not the lab's, and streams that a proxy holds back.
func Delivery(q Question) (Form, bool) {
	w := q.Workload
	if !w.Kind.Delivers() || w.Kind == workload.Resume || q.Arm.Transport == "streaming" && strings.Contains(q.Arm.Variant, "proxy=nginx-ignoring") {
		return Form{}, false
	}
	s := newSetting(q)
	var m mixture
	var f Form
	var ok bool
	if w.Kind == workload.RTT {
		m, f, ok = s.echo()
	} else {
		m, f, ok = s.oneWay()
	}
	if !ok {
		return Form{}, false
	}
	if len(m) > 0 {
		m = m.plus(s.shift)
		f.Mean, f.Lo, f.Hi = seconds(m.mean()), seconds(m.lo()), seconds(m.hi())
		f.CDF = func(x time.Duration) float64 { return m.cdf(x.Seconds()) }
		f.Spread = m.continuous()
	} else {
		f.Lo, f.Hi = f.Lo+seconds(s.shift), f.Hi+seconds(s.shift)
	}
	f.Drawn = w.Arrival.Process == workload.Poisson && !w.Kind.Closed()
	return s.disturb(f), true
}

func newSetting(q Question) setting {
	s := setting{q: q, r: RoundTrip(q.Net).Seconds(), floor: q.Floor.Seconds()}
	s.d = s.r / 2
	s.shift = s.d + s.floor
	if !q.Beside {
		s.shift += s.d
	}
	s.turn = s.r + s.floor
	o := &s.q.Options
	o.Interval = variant(q.Arm.Variant, "interval", o.Interval)
	o.Hold = variant(q.Arm.Variant, "hold", o.Hold)
	o.Heartbeat = variant(q.Arm.Variant, "heartbeat", o.Heartbeat)
	if o.Batch <= 0 {
		o.Batch = math.MaxInt
	}
	w := q.Workload
	s.rate = w.Rate / float64(max(w.Topics, 1))
	switch w.Arrival.Process {
	case workload.Constant, workload.OnOff:
		s.spacing = 1 / s.rate
	}
	return s
}

// RoundTrip is the round trip of a network condition: what a calibration found, else what was asked.
func RoundTrip(n result.Net) time.Duration {
	if n.Achieved != nil {
		return n.Achieved.RTT
	}
	return n.RTT
}

// oneWay is the form for open-loop workloads. What it returns is without the shift; without a mixture, the
// form's Lo and Hi are what waiting adds.
func (s setting) oneWay() (mixture, Form, bool) {
	switch name := s.q.Arm.Transport; {
	case name == "polling":
		return s.polling()
	case name == "ajax":
		return s.ajax()
	case name == "longpoll" || name == "socketio-polling":
		return s.longpoll()
	case s.q.Push:
		return mixture{{1, 0, 0}}, Form{
			Text:    "one moment, " + Text(seconds(s.shift)),
			Explain: "The server sends what it has at once, so that a delivery takes the way through the network and nothing else. What the measurement spreads around it is the machine's doing.",
		}, true
	}
	return nil, Form{}, false
}

// disturb takes from a form what the network makes untrue.
func (s setting) disturb(f Form) Form {
	n, w := s.q.Net, s.q.Workload
	var why []string
	if n.Loss > 0 {
		why = append(why, "what is lost is sent again later, which no form here foresees")
	}
	if n.Jitter > 0 {
		why = append(why, "the network's delay varies")
		f.Lo = 0
	}
	if n.Bandwidth > 0 {
		readers := 1
		if w.Kind != workload.RTT && w.Kind != workload.Push {
			readers = max(w.Clients/max(w.Topics, 1), 1)
		}
		if sending := float64(8*w.Size*readers) / n.Bandwidth; sending > 0.02*f.Lo.Seconds() {
			why = append(why, fmt.Sprintf("the link takes %s to carry a message to its readers", Text(seconds(sending))))
		}
	}
	if len(why) == 0 {
		return f
	}
	f.Explain += " Only a lower bound is known: " + strings.Join(why, ", and ") + "."
	f.Text = "at least " + Text(f.Lo)
	f.Mean, f.Hi, f.CDF, f.Spread = 0, 0, nil, false
	return f
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

// Text writes a duration with three or four digits: "25 ms", "155.2 ms".
func Text(d time.Duration) string {
	switch s := d.Seconds(); {
	case d == 0:
		return "0"
	case s < 0.9995e-3:
		return fmt.Sprintf("%.4g µs", s*1e6)
	case s < 0.9995:
		return fmt.Sprintf("%.4g ms", s*1e3)
	default:
		return fmt.Sprintf("%.4g s", s)
	}
}
