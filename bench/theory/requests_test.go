package theory

import (
	"math"
	"testing"

	"transportlab/bench/workload"
)

func TestRequestsAgreeWithASimulation(t *testing.T) {
	cases := append(simulated[:len(simulated):len(simulated)], []struct {
		name string
		q    Question
	}{
		{"polling, evenly", question("polling", 80*ms, 230*ms, workload.Workload{Kind: workload.Fanout, Rate: 3})},
		{"polling, many evenly", question("polling", 80*ms, 230*ms, workload.Workload{Kind: workload.Fanout, Rate: 30})},
		{"longpoll, evenly", question("longpoll", 80*ms, 230*ms, workload.Workload{Kind: workload.Fanout, Rate: 3})},
		{"longpoll, many evenly", question("longpoll", 80*ms, 230*ms, workload.Workload{Kind: workload.Fanout, Rate: 30})},
		{"ajax, many evenly", question("ajax", 80*ms, 500*ms, workload.Workload{Kind: workload.Fanout, Rate: 30})},
	}...)
	for _, c := range cases {
		want, ok := Asks(c.q)
		if !ok {
			t.Errorf("%s: no form", c.name)
			continue
		}
		w := newWorld(c.q, 60_000*c.q.Workload.Topics, 0)
		w.simulate(c.q)
		if c.q.Push {
			w.ended = 1
		}
		asked, answered := float64(w.asked)/w.ended, float64(w.answered)/w.ended
		if math.Abs(asked-want.Asked) > 0.01*want.Asked || math.Abs(answered-want.Answered) > 0.01*want.Answered {
			t.Errorf("%s: asked %.5g and answered %.5g a second, the form says %+v", c.name, asked, answered, want)
		}
	}
}

func TestRequestsOfIdleClients(t *testing.T) {
	idle := workload.Workload{Kind: workload.Idle}
	for name, want := range map[string]float64{"polling": 4, "ajax": 1, "longpoll": 1 / 25.05, "websocket": 0} {
		if got, ok := Asks(question(name, 50*ms, 250*ms, idle)); !ok || math.Abs(got.Asked-want) > 1e-9 || got.Answered != 0 {
			t.Errorf("%s: %+v, want %v questions a second", name, got, want)
		}
	}
	if got, ok := Asks(question("polling", 50*ms, 250*ms, workload.Workload{Kind: workload.Ingest})); !ok || got != (Requests{}) {
		t.Errorf("nobody receives, but %+v", got)
	}
	if _, ok := Asks(question("polling", 50*ms, 250*ms, workload.Workload{Kind: workload.RTT})); ok {
		t.Error("a closed loop has a form")
	}
	// Even arrivals that the ladder of ajax follows: within a fifth of the simulation.
	q := question("ajax", 20*ms, 250*ms, workload.Workload{Kind: workload.Fanout, Rate: 1.7})
	want, _ := Asks(q)
	w := newWorld(q, 20_000, 0)
	w.simulate(q)
	if got := float64(w.asked) / w.ended; math.Abs(got/want.Asked-1) > 0.2 {
		t.Errorf("ajax asks %.4g a second, the estimate is %.4g", got, want.Asked)
	}
}
