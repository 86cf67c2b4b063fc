package load

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/memlog"
	"transportlab/transports/null"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns a Config over a log in memory; wrap, unless nil, changes each connection.
func start(t *testing.T, w workload.Workload, wrap func(transports.Conn) transports.Conn) Config {
	t.Helper()
	w = w.WithDefaults()
	if err := w.Check(); err != nil {
		t.Fatal(err)
	}
	log := memlog.New(memlog.Options{})
	t.Cleanup(func() { log.Close() })
	direct := null.New(log, transports.Options{})
	return Config{Workload: w, Prefix: "t", Dial: func(ctx context.Context, topic string, after transports.Cursor) (Client, error) {
		c, err := direct.Dial(ctx, transports.Target{Topic: topic, After: after})
		if err == nil && wrap != nil {
			c = wrap(c)
		}
		return Client{Conn: c}, err
	}}
}

// delivered is how many deliveries a timeline holds.
func delivered(line []result.Moment) (n uint64) {
	for _, m := range line {
		n += m.Count
	}
	return n
}

const short = workload.Duration(200 * time.Millisecond)

func TestEveryKindAccountsForItsMessages(t *testing.T) {
	for _, c := range []struct {
		w                      workload.Workload
		sent, delivered        uint64
		clients, publishers    int
		delivery, ack, peakAge bool
	}{
		{workload.Workload{Kind: workload.Push, Clients: 3, Rate: 300}, 60, 60, 3, 3, true, true, true},
		{workload.Workload{Kind: workload.Fanout, Clients: 5, Rate: 100}, 20, 100, 5, 1, true, true, true},
		{workload.Workload{Kind: workload.Chat, Clients: 5, Topics: 2, Rate: 100}, 20, 50, 5, 0, true, true, true},
		{workload.Workload{Kind: workload.Ingest, Clients: 4, Rate: 100}, 20, 0, 0, 4, false, true, false},
		{workload.Workload{Kind: workload.Idle, Clients: 7}, 0, 0, 7, 0, false, false, false},
		{workload.Workload{Kind: workload.Burst, Clients: 2, Rate: 500}, 100, 200, 2, 1, true, true, true},
	} {
		w := c.w
		w.Name, w.Duration, w.Warmup = string(w.Kind), short, short/4
		var run result.Run
		var order []string
		cfg := start(t, w, nil)
		cfg.Hooks = Hooks{
			Connected: func() error { order = append(order, "connected"); return nil },
			Start:     func() error { order = append(order, "start"); return nil },
			End:       func() error { order = append(order, "end"); return nil },
		}
		if err := Run(t.Context(), cfg, &run); err != nil {
			t.Errorf("%s: %v", w.Kind, err)
			continue
		}
		a := run.Accounting
		if a.Scheduled != c.sent || a.Sent != c.sent || a.Acked != c.sent || a.Expected != c.delivered || a.Delivered != c.delivered ||
			a.Lost+a.Repeated+a.Reordered+a.Gaps+a.Dropped+a.Failed != 0 {
			t.Errorf("%s: accounting %+v, want %d sent and %d delivered", w.Kind, a, c.sent, c.delivered)
		}
		if run.Connections.Clients != c.clients || run.Connections.Publishers != c.publishers {
			t.Errorf("%s: connections %+v, want %d and %d", w.Kind, run.Connections, c.clients, c.publishers)
		}
		if got := run.Delivery.Count > 0; got != c.delivery || run.Delivery.Count != a.Delivered || run.Uncorrected.Count != a.Delivered {
			t.Errorf("%s: %d and %d latencies of %d deliveries", w.Kind, run.Delivery.Count, run.Uncorrected.Count, a.Delivered)
		}
		if run.Ack.Count != a.Acked || run.Lateness.Count != a.Sent || (run.Age != nil) != c.peakAge {
			t.Errorf("%s: %d acknowledgements, %d latenesses, age %v", w.Kind, run.Ack.Count, run.Lateness.Count, run.Age)
		}
		if n := delivered(run.Timeline); n != a.Delivered || (run.Timeline != nil) != (a.Delivered > 0) {
			t.Errorf("%s: the timeline holds %d of %d deliveries", w.Kind, n, a.Delivered)
		}
		if run.FirstMessage == nil || run.FirstMessage.Count != 5 || run.Reconnect != nil {
			t.Errorf("%s: %+v fresh clients, %+v reconnects", w.Kind, run.FirstMessage, run.Reconnect)
		}
		if run.Elapsed < time.Duration(w.Duration) || run.Window != time.Duration(w.Duration) || run.Closed || strings.Join(order, " ") != "connected start end" {
			t.Errorf("%s: took %s of %s, hooks %v", w.Kind, run.Elapsed, run.Window, order)
		}
	}
}

func TestClosedLoopSendsTheNextWhenTheLastIsBack(t *testing.T) {
	w := workload.Workload{Name: "rtt", Kind: workload.RTT, Clients: 2, Duration: short, Warmup: short / 4}
	var run result.Run
	if err := Run(t.Context(), start(t, w, nil), &run); err != nil {
		t.Fatal(err)
	}
	a := run.Accounting
	if !run.Closed || a.Sent < 10 || a.Acked != a.Sent || a.Delivered != a.Sent || a.Expected != a.Sent || run.Delivery.Count != a.Sent || run.Ack.Count != a.Sent {
		t.Errorf("closed %v, accounting %+v, %d latencies", run.Closed, a, run.Delivery.Count)
	}
}

func TestResumeCutsClientsAndTheyCatchUp(t *testing.T) {
	w := workload.Workload{Name: "resume", Kind: workload.Resume, Clients: 3, Rate: 400, Duration: 2 * short, Warmup: short / 4,
		Cut: workload.Cut{Every: short / 4, Away: short / 10}}
	var run result.Run
	if err := Run(t.Context(), start(t, w, nil), &run); err != nil {
		t.Fatal(err)
	}
	a := run.Accounting
	if run.Reconnect == nil || run.Reconnect.Count != a.Reconnects || run.Replayed < run.CatchUp.Count || run.Replayed >= a.Delivered {
		t.Errorf("%d messages replayed in %d reconnects and %d catch-ups of %d: %+v", run.Replayed, a.Reconnects, run.CatchUp.Count, a.Delivered, run.Reconnect)
	}
	if a.Reconnects < 2 || a.Delivered != 3*160 || a.Lost+a.Gaps != 0 || run.CatchUp == nil || run.CatchUp.Count == 0 || run.CatchUp.Count > a.Reconnects {
		t.Errorf("accounting %+v, catch-up %+v", a, run.CatchUp)
	}
}

func TestATraceIsPlayedWithItsSizes(t *testing.T) {
	w := workload.Workload{Name: "trace", Kind: workload.Fanout, Duration: short, Arrival: workload.Arrival{Process: workload.Trace, Trace: "x"}}
	sizes := map[int]int{}
	cfg := start(t, w, func(c transports.Conn) transports.Conn {
		return sniffer{c, func(m transports.Message) { sizes[len(m.Data)]++ }}
	})
	cfg.Trace = shortTrace()
	var run result.Run
	if err := Run(t.Context(), cfg, &run); err != nil {
		t.Fatal(err)
	}
	if run.Accounting.Sent != 4 || sizes[11] == 0 || sizes[300] == 0 {
		t.Errorf("sent %d messages, sizes %v", run.Accounting.Sent, sizes)
	}
}

// A slow connection acknowledges late.
type slow struct{ transports.Conn }

func (c slow) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	at, err := c.Conn.Send(ctx, m)
	time.Sleep(20 * time.Millisecond)
	return at, err
}

func TestSlowAcknowledgementsDoNotHoldBackTheSchedule(t *testing.T) {
	w := workload.Workload{Name: "push", Kind: workload.Push, Rate: 500, Duration: short, Warmup: short}
	var run result.Run
	if err := Run(t.Context(), start(t, w, func(c transports.Conn) transports.Conn { return slow{c} }), &run); err != nil {
		t.Fatal(err)
	}
	// One at a time could have sent ten; twenty workers are needed.
	if a := run.Accounting; a.Sent != 100 || a.Dropped != 0 || run.Ack.P50 < 20*time.Millisecond {
		t.Errorf("accounting %+v, acknowledgements %+v", a, run.Ack)
	}
}

func TestWhatCannotBeSentIsDroppedAndCounted(t *testing.T) {
	w := workload.Workload{Name: "push", Kind: workload.Push, Rate: 1000, Duration: short, Warmup: 1}
	cfg := start(t, w, func(c transports.Conn) transports.Conn { return slow{c} })
	cfg.Pipeline, cfg.Grace, cfg.Late = 1, 100*time.Millisecond, time.Millisecond
	var run result.Run
	if err := Run(t.Context(), cfg, &run); err != nil {
		t.Fatal(err)
	}
	if a := run.Accounting; a.Dropped == 0 || a.Late == 0 || a.Sent+a.Dropped != a.Scheduled {
		t.Errorf("accounting %+v", a)
	}
}

// TestBrokenTransportsFailTheRun gives the driver transports that break a promise now and then.
func TestBrokenTransportsFailTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		wrap func(transports.Conn) transports.Conn
		rule string
	}{
		"drops": {func(c transports.Conn) transports.Conn { return &dropping{Conn: c} }, "rule 3"},
		"alters": {func(c transports.Conn) transports.Conn {
			return altering{c}
		}, "rule 4"},
	} {
		w := workload.Workload{Name: "push", Kind: workload.Push, Rate: 500, Duration: short, Warmup: short / 4}
		var run result.Run
		cfg := start(t, w, c.wrap)
		cfg.Grace = time.Second
		err := Run(t.Context(), cfg, &run)
		if err == nil || !strings.Contains(err.Error(), c.rule) {
			t.Errorf("%s: error %v, want one that names %s", name, err, c.rule)
		}
		if name == "drops" && (run.Accounting.Lost == 0 || run.Accounting.Delivered >= run.Accounting.Expected) {
			t.Errorf("%s: accounting %+v", name, run.Accounting)
		}
	}
}

func TestABrokenConnectionFailsTheRun(t *testing.T) {
	broken := errors.New("the line is dead")
	w := workload.Workload{Name: "push", Kind: workload.Push, Rate: 500, Duration: workload.Duration(time.Hour)}
	var run result.Run
	err := Run(t.Context(), start(t, w, func(c transports.Conn) transports.Conn { return &dying{Conn: c, err: broken} }), &run)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "client 0: receiving") {
		t.Errorf("error %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := workload.Workload{Name: "push", Kind: workload.Push, Duration: workload.Duration(time.Hour)}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := start(t, w, nil)
	cfg.Hooks.Start = func() error { cancel(); return nil }
	var run result.Run
	if err := Run(ctx, cfg, &run); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestProgressIsReported(t *testing.T) {
	w := workload.Workload{Name: "push", Kind: workload.Push, Rate: 200, Duration: workload.Duration(600 * time.Millisecond), Warmup: short}
	cfg := start(t, w, nil)
	var last Progress
	cfg.Hooks.Progress = func(p Progress) { last = p }
	var run result.Run
	if err := Run(t.Context(), cfg, &run); err != nil {
		t.Fatal(err)
	}
	if last.Part != "measure" || last.Total != 800*time.Millisecond || last.Done <= time.Duration(short) || last.Delivered == 0 {
		t.Errorf("the last report was %+v", last)
	}
}
