package findings

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"transportlab/bench"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/theory"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/carrier"
)

// delays are published figures of latency.
func delays() []Statement {
	return []Statement{
		{ID: "pimentel-2012", Group: result.Literature, Source: "Pimentel & Nickerson 2012, IEEE Internet Computing 16(4)",
			Says:   "Four updates a second over a round trip of 80 ms: polling with a pause of 150 ms delivers after 151.3 ms on average, a WebSocket after 40.3 ms; over their routes, polling takes 2.31 to 4.48 times as long.",
			Theirs: "151.3 ms against 40.3 ms; 2.31 to 4.48 times",
			Method: "The same rate, round trip and pause (a request every 230 ms), twelve clients; the publisher's own way to the server, half a round trip, is taken off.", test: pimentel},
		{ID: "vandevyvere-2020", Group: result.Literature, Source: "Van de Vyvere, Colpaert & Verborgh 2020, ICWE",
			Says:   "The latency of polling is uniform over the polling interval.",
			Theirs: "uniform on [0, interval]",
			Method: "Messages at random moments, polling every 250 ms; the largest distance between the measured distribution and the uniform one (Kolmogorov–Smirnov), median of three runs.", test: uniform},
		{ID: "rfc6202-longpoll", Group: result.Literature, Source: "RFC 6202 section 2.2 (Loreto et al. 2011)",
			Says:   "A long poll delivers after one to three network transits.",
			Theirs: "1 to 3 transits",
			Method: "Messages at random moments, ten a second, to eight clients over a round trip of 100 ms; the publisher's way taken off. The smallest latency and the 99th percentile, in transits.", test: longpollTransits},
		{ID: "rfc6202-recycle", Group: result.Literature, Source: "RFC 6202 section 3.2 (Loreto et al. 2011)",
			Says:   "A message that meets a stream being set up anew takes at least three transits.",
			Theirs: "≥ 3 transits",
			Method: "Time to the first message of a fresh streaming client over a round trip of 100 ms, in transits; TCP's handshake is among them.", test: recycleTransits},
		{ID: "wrk2-pause", Group: result.Literature, Source: "Tene, wrk2 (2012 and later)",
			Says:   "One pause of 1.4 s within a run moves the 99th percentile by a factor of about 200, and a load generator that waits for answers does not see it.",
			Theirs: "200 times",
			Method: "The server is stopped for 1.4 s within six seconds; 99th percentile of an open loop of 200 messages a second over that of a closed loop.", test: pause},
		{ID: "lasocha-2021", Group: result.Literature, Source: "Łasocha & Badurowicz 2021, J. Comput. Sci. Inst. 21",
			Says:   "Below about a hundred messages HTTP requests are as good as a WebSocket; beyond, the WebSocket wins.",
			Theirs: "crossover near 100 messages",
			Method: "Set-up (a fresh client's first message) and round trip of one message after the other, over AJAX and over WebSocket on loopback; the total for N messages follows.", test: crossover},
	}
}

// far is the plan of those statements that need a network of some length.
func far(title, rtt string, arms []string, w workload.Workload, variant map[string]string) bench.Plan {
	p := bench.Plan{Title: title, Blocks: 3, Workloads: []workload.Workload{w.WithDefaults()}}
	for _, name := range arms {
		p.Arms = append(p.Arms, arm(name, rtt, variant[name]))
	}
	return p
}

// oneWay is what the emulator was found to take one way, in ns.
func oneWay(d *result.Document, net string) (float64, error) {
	for _, n := range d.Nets {
		if n.Name == net {
			return float64(theory.RoundTrip(n)) / 2, nil
		}
	}
	return 0, fmt.Errorf("the document does not describe %s", net)
}

func pimentel(ctx context.Context, s *session) (o outcome, err error) {
	const net = "rtt=80ms"
	w := workload.Workload{Name: "updates", Kind: workload.Push, Clients: 12, Rate: 48, Duration: 6000 * ms}
	p := far("Pimentel and Nickerson", net, []string{"polling", "websocket"}, w, map[string]string{"polling": "interval=230ms"})
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	way, err := oneWay(d, net)
	if err != nil {
		return o, err
	}
	polling, err := of(d, p.Arms[0], w.Name, mean)
	if err != nil {
		return o, err
	}
	socket, err := of(d, p.Arms[1], w.Name, mean)
	if err != nil {
		return o, err
	}
	a, b := polling.Median-way, socket.Median-way
	return outcome{
		ours:    fmt.Sprintf("%s against %s; %.3g times", millis(a), millis(b), a/b),
		verdict: verdict(within(a/b, 2.31, 4.48, 0) && within(a, 151.3e6, 151.3e6, 0.1) && within(b, 40.3e6, 40.3e6, 0.1)),
		why:     fmt.Sprintf("Arithmetic gives d + (Δ + R)/2 = 155 ms for polling and d = 40 ms for the WebSocket; the emulated round trip is %s.", millis(2*way)),
		figures: []result.Extra{extra("polling-mean-ns", a), extra("websocket-mean-ns", b), extra("ratio", a/b), extra("rtt-ns", 2*way)},
	}, nil
}

func uniform(ctx context.Context, s *session) (o outcome, err error) {
	w := workload.Workload{Name: "random", Kind: workload.Push, Clients: 10, Rate: 270, Arrival: workload.Arrival{Process: workload.Poisson}, Duration: 3000 * ms}.WithDefaults()
	p := bench.Plan{Title: "Van de Vyvere", Blocks: 3, Workloads: []workload.Workload{w},
		Arms: []result.Arm{arm("polling", "loopback", "interval=250ms"), arm("websocket", "loopback", "")}}
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	floor, err := metric(d, p.Arms[1], w.Name, "p50-ns")
	if err != nil {
		return o, err
	}
	options := d.Options
	options.Interval = 250 * time.Millisecond
	form, ok := theory.Delivery(theory.Question{Arm: p.Arms[0], Workload: w, Options: options, Floor: time.Duration(floor.Median)})
	if !ok {
		return o, fmt.Errorf("there is no form for %s", p.Arms[0])
	}
	distance, err := of(d, p.Arms[0], w.Name, func(r result.Run) (float64, bool) {
		bins, err := theory.Bins(r.Delivery)
		return theory.KS(bins, form, r.Accounting.Acked).D, err == nil && len(bins) > 0
	})
	if err != nil {
		return o, err
	}
	average, err := of(d, p.Arms[0], w.Name, mean)
	if err != nil {
		return o, err
	}
	return outcome{
		ours:    fmt.Sprintf("at most %.2g %% from uniform; mean %s, theory %s", 100*distance.Median, millis(average.Median), millis(float64(form.Mean))),
		verdict: verdict(distance.Median < 0.06),
		why:     fmt.Sprintf("The form is %s. Of 800 random moments, the largest distance from their own uniform distribution is about 5 %% in one sample of twenty.", form.Text),
		figures: []result.Extra{extra("ks-distance", distance.Median), extra("mean-ns", average.Median), extra("theory-mean-ns", float64(form.Mean))},
	}, nil
}

// transits is the plan that both statements of RFC 6202 share.
func transits() (bench.Plan, string, string) {
	const net = "rtt=100ms"
	w := workload.Workload{Name: "transits", Kind: workload.Fanout, Clients: 8, Rate: 10, Arrival: workload.Arrival{Process: workload.Poisson}, Duration: 8000 * ms}
	return far("RFC 6202", net, []string{"longpoll", "streaming"}, w, nil), w.Name, net
}

func longpollTransits(ctx context.Context, s *session) (o outcome, err error) {
	p, name, net := transits()
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	way, err := oneWay(d, net)
	if err != nil {
		return o, err
	}
	least, err := of(d, p.Arms[0], name, func(r result.Run) (float64, bool) { return float64(r.Delivery.Min)/way - 1, r.Delivery.Count > 0 })
	if err != nil {
		return o, err
	}
	most, err := of(d, p.Arms[0], name, func(r result.Run) (float64, bool) { return float64(r.Delivery.P99)/way - 1, r.Delivery.Count > 0 })
	if err != nil {
		return o, err
	}
	return outcome{
		ours:    fmt.Sprintf("%.2f transits at least, %.2f at the 99th percentile", least.Median, most.Median),
		verdict: verdict(within(least.Median, 1, 1, 0.1) && within(most.Median, 1, 3, 0.1) && most.Median > 2),
		why:     "A request that waits is answered at once: one transit. A message that comes when the answer has just left waits for it to arrive and for the next request: two transits more.",
		figures: []result.Extra{extra("least-transits", least.Median), extra("p99-transits", most.Median)},
	}, nil
}

func recycleTransits(ctx context.Context, s *session) (o outcome, err error) {
	p, name, net := transits()
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	way, err := oneWay(d, net)
	if err != nil {
		return o, err
	}
	first, err := of(d, p.Arms[1], name, func(r result.Run) (float64, bool) {
		if r.FirstMessage == nil {
			return 0, false
		}
		return float64(r.FirstMessage.P50) / way, true
	})
	if err != nil {
		return o, err
	}
	return outcome{
		ours:    fmt.Sprintf("%.2f transits", first.Median),
		verdict: verdict(first.Median >= 3 && first.Median < 5),
		why:     "Two for TCP's handshake, one for the request, one for the answer with what was missed. Over a connection that is still open it would be two, and three with the end of the old answer.",
		figures: []result.Extra{extra("transits", first.Median)},
	}, nil
}

func pause(ctx context.Context, s *session) (o outcome, err error) {
	open, err := s.paused(ctx, workload.Workload{Name: "open", Kind: workload.Push, Rate: 200, Duration: 6000 * ms})
	if err != nil {
		return o, err
	}
	closed, err := s.paused(ctx, workload.Workload{Name: "closed", Kind: workload.RTT, Duration: 6000 * ms})
	if err != nil {
		return o, err
	}
	a, b := float64(open.Delivery.P99), float64(closed.Delivery.P99)
	return outcome{
		ours:    fmt.Sprintf("%s against %s: %.0f times", millis(a), millis(b), a/b),
		verdict: verdict(a/b >= 100),
		why: fmt.Sprintf("1.4 s of 6 are 23 %% of the time, so that one message in four met the pause. The closed loop sent %d messages and one of them waited: it asked nothing of the server while that stood still.",
			closed.Accounting.Sent),
		figures: []result.Extra{extra("open-p99-ns", a), extra("closed-p99-ns", b)},
	}, nil
}

// paused runs a workload over a WebSocket whose server stands still for 1.4 s in the middle.
func (s *session) paused(ctx context.Context, w workload.Workload) (run result.Run, err error) {
	n, err := node.Start(ctx, node.Config{Store: "memory", Transports: []string{"websocket"}, Options: transports.Options{MessageRate: 1_000_000}, Generous: true})
	if err != nil {
		return run, err
	}
	defer n.Close()
	t, err := find("websocket", transports.Options{})
	if err != nil {
		return run, err
	}
	c, err := carrier.Dial(carrier.H1, carrier.ClientOptions{})
	if err != nil {
		return run, err
	}
	defer c.Close()
	stopped := make(chan error, 1)
	err = load.Run(ctx, load.Config{
		Workload: w.WithDefaults(), Prefix: "p", Fresh: -1,
		Dial: func(ctx context.Context, topic string, after transports.Cursor) (load.Client, error) {
			conn, err := t.Dial(ctx, transports.Target{URL: n.URL + "/websocket", Topic: topic, After: after, Client: c.HTTP})
			return load.Client{Conn: conn}, err
		},
		Hooks: load.Hooks{Start: func() error {
			go func() { stopped <- stall(ctx, n, 2*time.Second, 1400*time.Millisecond) }() // ends after those times, or with ctx
			return nil
		}},
	}, &run)
	if err != nil {
		return run, err
	}
	return run, <-stopped
}

// stall stops a server after a while, for a time.
func stall(ctx context.Context, n *node.Child, after, length time.Duration) error {
	if err := sleep(ctx, after); err != nil {
		return err
	}
	if err := n.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	err := sleep(ctx, length)
	if e := n.Signal(syscall.SIGCONT); err == nil {
		err = e
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func crossover(ctx context.Context, s *session) (o outcome, err error) {
	w := workload.Workload{Name: "one-by-one", Kind: workload.RTT, Duration: 1000 * ms, Warmup: 300 * ms}.WithDefaults()
	p := bench.Plan{Title: "Łasocha and Badurowicz", Blocks: 6, Workloads: []workload.Workload{w},
		Arms: []result.Arm{arm("ajax", "loopback", ""), arm("websocket", "loopback", "")}}
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	var setup, round [2]float64
	for i, a := range p.Arms {
		first, err := metric(d, a, w.Name, "first-p50-ns")
		if err != nil {
			return o, err
		}
		p50, err := metric(d, a, w.Name, "p50-ns")
		if err != nil {
			return o, err
		}
		setup[i], round[i] = first.Median, p50.Median
	}
	ratio := func(n float64) float64 { return (setup[0] + n*round[0]) / (setup[1] + n*round[1]) }
	cross := (setup[1] - setup[0]) / (round[0] - round[1])
	where := fmt.Sprintf("the lines cross at %.0f messages", cross)
	if cross < 1 {
		where = "AJAX is behind from the first message on"
		if round[0] < round[1] {
			where = "AJAX is ahead throughout"
		}
	}
	return outcome{
		ours:    fmt.Sprintf("%s; AJAX takes %.2f times as long for 10 messages, %.2f for 100, %.2f for 10,000", where, ratio(10), ratio(100), ratio(10_000)),
		verdict: verdict(cross >= 50 && cross <= 200),
		why:     "On connections that are kept open a request costs little more than a frame, so that the totals hardly differ at any number; what the upgrade costs is won back at a rate that depends on the machine.",
		figures: []result.Extra{extra("ajax-setup-ns", setup[0]), extra("websocket-setup-ns", setup[1]), extra("ajax-rtt-ns", round[0]), extra("websocket-rtt-ns", round[1]), extra("crossover-messages", cross)},
	}, nil
}
