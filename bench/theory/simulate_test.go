package theory

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A world is a simulation in virtual time, written from the protocols and not from the forms: one client, a log,
// and a network of so many seconds one way. It knows only when messages reach the log.
type world struct {
	d, server float64   // one way; the server's work for an answer
	at        []float64 // when messages reach the log, rising
	after     int       // messages that the client has
	waits     []float64 // from the log to the client
	heard     []float64 // when the client had each message
	asked     int
	answered  int
	ended     float64
}

func newWorld(q Question, n int, offset float64) *world {
	w := q.Workload
	length := time.Duration(float64(n) / w.Rate * float64(time.Second))
	wd := &world{d: q.Net.RTT.Seconds() / 2, server: q.Floor.Seconds()}
	for i, t := range arrival.Times(w.Arrival, w.Rate, length, 7) {
		if i%w.Topics == 0 {
			wd.at = append(wd.at, t.Seconds()+offset)
		}
	}
	return wd
}

// read gives the client what the log has at a moment; the answer's way is added.
func (w *world) read(now float64) (n int) {
	for ; w.after < len(w.at) && w.at[w.after] <= now; w.after++ {
		w.waits = append(w.waits, now+w.server+w.d-w.at[w.after])
		w.heard = append(w.heard, now+w.server+w.d)
		n++
	}
	return n
}

// poll asks at began, and again when next says so, given how many messages came.
func (w *world) poll(next func(n int) float64) {
	for began := 0.0; w.after < len(w.at); {
		n := w.read(began + w.d)
		w.asked++
		w.answered += min(n, 1)
		w.ended = began
		began = math.Max(began+next(n), began+2*w.d+w.server)
	}
}

// hold keeps each request until there is news or its time is up.
func (w *world) hold(longest float64) {
	for arrived := w.d; w.after < len(w.at); {
		w.asked++
		w.ended = arrived
		before := w.after
		if w.read(arrived) == 0 {
			if w.at[w.after] > arrived+longest {
				arrived += longest
			} else {
				arrived = w.at[w.after]
				w.read(arrived)
			}
		}
		w.answered += min(w.after-before, 1)
		arrived += w.server + 2*w.d
	}
}

func (w *world) simulate(q Question) {
	interval := q.Options.Interval.Seconds()
	switch q.Arm.Transport {
	case "polling":
		w.poll(func(int) float64 { return interval })
	case "ajax":
		step := 0.0
		w.poll(func(n int) float64 {
			step = math.Min(2*step, 4*interval)
			if n > 0 || step == 0 {
				step = interval / 4
			}
			return step
		})
	case "longpoll":
		w.hold(q.Options.Hold.Seconds())
	default:
		for _, at := range w.at {
			w.read(at)
		}
	}
}

func question(transport string, rtt, interval time.Duration, w workload.Workload) Question {
	return Question{
		Arm: result.Arm{Transport: transport}, Push: transport == "websocket", Workload: w.WithDefaults(), Beside: true,
		Net: result.Net{RTT: rtt}, Options: result.Options{Interval: interval, Hold: 25 * time.Second, Batch: 256},
	}
}

func poisson(rate float64) workload.Workload {
	return workload.Workload{Kind: workload.Fanout, Rate: rate, Arrival: workload.Arrival{Process: workload.Poisson}}
}

var simulated = []struct {
	name string
	q    Question
}{
	{"websocket", question("websocket", 50*ms, 0, poisson(20))},
	{"polling", question("polling", 80*ms, 230*ms, poisson(4))},
	{"polling longer than its interval", question("polling", 300*ms, 100*ms, poisson(4))},
	{"longpoll, over a floor", func() Question {
		q := question("longpoll", 10*ms, 0, poisson(50))
		q.Floor = 8 * ms
		return q
	}()},
	{"polling, several topics", topics(question("polling", 80*ms, 230*ms, poisson(30)), 3)},
	{"ajax, seldom", question("ajax", 50*ms, 250*ms, poisson(0.5))},
	{"ajax, often", question("ajax", 50*ms, 250*ms, poisson(10))},
	{"ajax, far away", question("ajax", 200*ms, 250*ms, poisson(2))},
	{"longpoll, seldom", question("longpoll", 50*ms, 0, poisson(2))},
	{"longpoll, often", question("longpoll", 50*ms, 0, poisson(30))},
	{"ajax, several topics", topics(question("ajax", 50*ms, 250*ms, poisson(20)), 10)},
	{"ajax, many topics, seldom", topics(question("ajax", 50*ms, 250*ms, poisson(20)), 60)},
	{"longpoll, several topics", topics(question("longpoll", 50*ms, 0, poisson(200)), 10)},
	{"longpoll, two topics, given up now and then", func() Question {
		q := topics(question("longpoll", 50*ms, 0, poisson(8)), 2)
		q.Options.Hold = 200 * ms
		return q
	}()},
	{"longpoll, given up now and then", func() Question {
		q := question("longpoll", 50*ms, 0, poisson(2))
		q.Options.Hold = 300 * ms
		return q
	}()},
}

func topics(q Question, n int) Question {
	q.Workload.Kind, q.Workload.Clients, q.Workload.Topics = workload.Push, n, n
	return q
}

const ms = time.Millisecond

// The forms and a simulation that does not know them must agree to less than one percent, in the mean and at every
// point of the distribution.
func TestFormsAgreeWithASimulation(t *testing.T) {
	for _, c := range simulated {
		form, ok := Delivery(c.q)
		if !ok || form.CDF == nil {
			t.Errorf("%s: no form", c.name)
			continue
		}
		w := newWorld(c.q, 60_000*c.q.Workload.Topics, 0)
		w.simulate(c.q)
		mean := 0.0
		for _, wait := range w.waits {
			mean += wait / float64(len(w.waits))
		}
		if off := mean/form.Mean.Seconds() - 1; math.Abs(off) > 0.01 {
			t.Errorf("%s: the mean is %.6g, the form says %s (%.2f %% off)", c.name, mean, form.Mean, 100*off)
		}
		if d := distance(w.waits, form); d > 0.01 {
			t.Errorf("%s: the distributions lie %.4f apart", c.name, d)
		}
		if lo := slices.Min(w.waits); lo < form.Lo.Seconds()-1e-8 {
			t.Errorf("%s: a wait of %.6g below %s", c.name, lo, form.Lo)
		}
		if hi := slices.Max(w.waits); hi > form.Hi.Seconds()+1e-8 {
			t.Errorf("%s: a wait of %.6g above %s", c.name, hi, form.Hi)
		}
	}
}

// distance is the largest between a sample's distribution and a form, a microsecond of rounding apart.
func distance(sample []float64, f Form) float64 {
	slices.Sort(sample)
	worst := 0.0
	for i, x := range sample {
		at := time.Duration(x * 1e9)
		share := float64(i) / float64(len(sample))
		worst = math.Max(worst, math.Max(share-f.CDF(at+time.Microsecond), f.CDF(at-time.Microsecond)-share))
	}
	return worst
}

// With even spacing a client meets few different waits; over random beginnings they are what the form says.
func TestFormsForEvenSpacingHoldOverRandomPhases(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, q := range []Question{
		question("polling", 80*ms, 230*ms, workload.Workload{Kind: workload.Fanout, Rate: 20}),
		question("ajax", 20*ms, 250*ms, workload.Workload{Kind: workload.Fanout, Rate: 20}),
		question("longpoll", 50*ms, 0, workload.Workload{Kind: workload.Fanout, Rate: 10}),
		question("longpoll", 50*ms, 0, workload.Workload{Kind: workload.Fanout, Rate: 31.4159}),
	} {
		form, ok := Delivery(q)
		if !ok || form.CDF == nil {
			t.Fatalf("%s: no form", q.Arm.Transport)
		}
		var all []float64
		for range 400 {
			w := newWorld(q, 1000, 10*rng.Float64())
			w.simulate(q)
			all = append(all, w.waits[20:]...)
		}
		mean := 0.0
		for _, wait := range all {
			mean += wait / float64(len(all))
		}
		if off := mean/form.Mean.Seconds() - 1; math.Abs(off) > 0.01 {
			t.Errorf("%s at %v/s: the mean is %.6g, the form says %s (%.2f %% off)", q.Arm.Transport, q.Workload.Rate, mean, form.Mean, 100*off)
		}
		if d := distance(all, form); d > 0.015 {
			t.Errorf("%s at %v/s: the distributions lie %.4f apart", q.Arm.Transport, q.Workload.Rate, d)
		}
	}
}
