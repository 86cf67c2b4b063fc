package model

import (
	"math"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/theory"
	"transportlab/bench/workload"
)

// A Prediction is what an arm would do under the load that was asked for. A figure that the model does not have is
// NaN, a duration 0.
type Prediction struct {
	Transport string
	Title     string
	Interval  time.Duration // between two questions, where the arm asks
	Mean      time.Duration // of delivery, from the log to the client
	P50       time.Duration
	P99       time.Duration
	Floor     time.Duration    // of the P50, what is fitted and not arithmetic: the machine's part, 0 where waiting hides it
	Tail      time.Duration    // of the P99, likewise
	Blind     bool             // no tail was measured: P99 knows of waiting alone, and is a lower bound
	Form      theory.Form      // of delivery, the floor included
	Asked     float64          // questions a second of one client
	Bytes     float64          // that a client moves for each message it reads, both directions
	Traffic   float64          // and for each second
	Cores     float64          // of the server
	Memory    float64          // of the server, bytes, above an idle one
	Errors    map[string]Error // held-out, by figure: "cpu", "memory", "up", "down", "p50", "p99"
	Excluded  []string         // why it cannot be chosen; empty when it can
	Notes     []string         // what to know of it
	Score     float64          // geometric mean of how many times the best arm's each figure is, 1 is best in all; NaN when excluded
	Why       string           // in a sentence
}

// predict says what one arm would do.
func (m *Model) predict(a arm, ask Ask) Prediction {
	p := Prediction{Transport: a.info.Arm.Transport, Title: a.info.Title, Errors: a.errors, Score: math.NaN(),
		Bytes: math.NaN(), Traffic: math.NaN(), Cores: math.NaN(), Memory: math.NaN()}
	l := ask.load(a.info)
	floor, tail, known := m.floor(a, l)
	p.Blind = !known
	if !timetable(p.Transport) {
		p.Floor, p.Tail = floor, floor+tail
	}
	q := ask.question(a.info, m.source.Options, floor)
	if timetable(p.Transport) {
		p.Interval = ask.interval(p.Transport, m.source.Options.Interval, floor+tail)
		q.Options.Interval = p.Interval
	}
	if form, ok := theory.Delivery(q); ok && (floor > 0 || timetable(p.Transport)) { // whose waiting hides the floor
		p.Form = form
		p.Mean = form.Mean
		p.P50, p.P99 = form.Quantile(0.5), form.Quantile(0.99)+tail
		if form.CDF == nil { // only bounds are known
			p.P99 = form.Hi + tail
		}
	}
	requests, ok := theory.Asks(q)
	if !ok {
		return p
	}
	p.Asked = requests.Asked
	l.asked, l.answered = requests.Asked*l.clients, requests.Answered*l.clients
	if law := a.prices[lawCPU]; law != nil {
		p.Cores = law.predict(l)
	}
	if law := a.prices[lawMemory]; law != nil {
		p.Memory = law.predict(l)
	}
	up, down := a.prices[lawUp], a.prices[lawDown]
	if up != nil && down != nil {
		reads := l
		reads.sends = 0 // what publishers move is theirs
		total := up.predict(reads) + down.predict(reads) + l.asked*float64(ask.Headers)
		p.Traffic, p.Bytes = total/l.clients, total/l.deliveries
	}
	return p
}

// load is what the arm has to do, but for its questions.
func (a Ask) load(info result.ArmInfo) load {
	n := float64(a.Clients)
	l := load{clients: n, deliveries: n * a.Rate, readers: float64(a.Readers), size: float64(a.Size)}
	if a.Data != Text && textOnly(info.Arm.Transport) {
		l.size = 4 * math.Ceil(l.size/3) // base64
	}
	l.sends = l.deliveries / l.readers
	l.publishers = 1 // who sends for many does so over few connections
	return l
}

// question is what theory is asked: of one client, whose messages come at random and from beside the server.
func (a Ask) question(info result.ArmInfo, options result.Options, floor time.Duration) theory.Question {
	return theory.Question{
		Arm: info.Arm, Push: info.Push, Options: options, Floor: floor, Beside: true, Net: result.Net{RTT: a.RTT},
		Workload: workload.Workload{Kind: workload.Fanout, Clients: a.Readers, Publishers: 1, Topics: 1, Size: a.Size, Rate: a.Rate,
			Arrival: workload.Arrival{Process: workload.Poisson}},
	}
}

// floor is what delivery takes without network and waiting, and how much more it takes for one message in a
// hundred. Arms that ask on a timetable hide theirs behind waiting; it is taken for that of long polling, whose
// answers are the same.
func (m *Model) floor(a arm, l load) (median, tail time.Duration, known bool) {
	if timetable(a.info.Arm.Transport) {
		for _, other := range m.arms {
			if other.info.Arm.Transport == "longpoll" {
				a = other
			}
		}
	}
	p50, p99 := a.prices[lawP50], a.prices[lawP99]
	if p50 == nil {
		return 0, 0, false
	}
	mid := p50.predict(l)
	median = time.Duration(mid * float64(time.Second))
	if p99 != nil {
		tail = time.Duration(math.Max(p99.predict(l)-mid, 0) * float64(time.Second))
	}
	return max(median, 1), tail, p99 != nil
}

// shortestInterval is as often as anybody should ask.
const shortestInterval = 20 * time.Millisecond

// interval is how long an arm that asks may wait between two questions: its longest wait, the way and what the
// server takes fit into Freshness.
func (a Ask) interval(transport string, usual, server time.Duration) time.Duration {
	switch {
	case a.Interval > 0:
		return a.Interval
	case a.Freshness == 0:
		return usual
	}
	left := a.Freshness - a.RTT/2 - server
	if transport == "ajax" {
		left /= 4 // its longest
	}
	switch {
	case left > time.Second:
		left = left.Truncate(50 * time.Millisecond)
	default:
		left = left.Truncate(5 * time.Millisecond)
	}
	return max(left, shortestInterval)
}
