package theory

import (
	"math"
	"testing"
	"time"

	"transportlab/bench/workload"
)

// age integrates how old the newest thing is that the simulated client knows.
func (w *world) age() float64 {
	area, length := 0.0, 0.0
	for i := 1; i < len(w.heard); i++ {
		from, to, born := w.heard[i-1], w.heard[i], w.at[i-1]
		area += ((from - born) + (to - born)) / 2 * (to - from)
		length += to - from
	}
	return area / length
}

func TestAgesAgreeWithASimulation(t *testing.T) {
	for _, c := range simulated {
		want, ok := Age(c.q)
		if !ok {
			if c.q.Workload.Topics == 1 && c.q.Options.Hold > time.Second {
				t.Errorf("%s: no form", c.name)
			}
			continue
		}
		w := newWorld(c.q, 60_000*c.q.Workload.Topics, 0)
		w.simulate(c.q)
		if got := w.age(); math.Abs(got/want.Seconds()-1) > 0.01 {
			t.Errorf("%s: %.6g, the form says %s (%.2f %% off)", c.name, got, want, 100*(got/want.Seconds()-1))
		}
	}
	even := question("longpoll", 50*ms, 0, workload.Workload{Kind: workload.Fanout, Rate: 10})
	if got, ok := Age(even); !ok || got != 75*ms {
		t.Errorf("even spacing: %s, %v; want half a spacing after a transit of 25 ms", got, ok)
	}
	bursts := question("websocket", 50*ms, 0, workload.Workload{Kind: workload.Burst, Rate: 200})
	if got, ok := Age(bursts); !ok || got != 150*ms {
		t.Errorf("bursts: %s, %v; want half of 250 ms after a transit of 25 ms", got, ok)
	}
	lost := simulated[0].q
	lost.Net.Loss = 0.01
	if _, ok := Age(lost); ok {
		t.Error("loss has a form")
	}
}

func TestFirstMessages(t *testing.T) {
	for name, trips := range map[string]time.Duration{"polling": 2, "streaming": 2, "websocket": 3, "tcp": 3, "socketio": 4} {
		q := question(name, 50*ms, 0, poisson(1))
		q.Arm.Carrier, q.Floor = "h1", ms
		if f, ok := FirstMessage(q); !ok || f.Mean != trips*50*ms+ms || f.CDF(f.Mean) != 1 || f.CDF(f.Mean-1) != 0 {
			t.Errorf("%s: %+v, want %d round trips", name, f, trips)
		}
		q.Arm.Carrier = "h1tls"
		if f, ok := FirstMessage(q); !ok || f.Mean != (trips+1)*50*ms+ms {
			t.Errorf("%s over TLS: %+v, want %d round trips", name, f, trips+1)
		}
	}
	for _, q := range []Question{question("null", 0, 0, poisson(1)), question("websocket", 0, 0, poisson(1))} { // no carrier
		if _, ok := FirstMessage(q); ok {
			t.Errorf("%s has a form", q.Arm.Transport)
		}
	}
}
