package calibrate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/memlog"
	"transportlab/transports/null"
)

// inFakeTime runs a workload over the direct call with the code that measures, in time that only passes when
// everybody waits: what is read is then exact. wrap goes around every connection, under around the log.
func inFakeTime(t *testing.T, w workload.Workload, wrap func(transports.Conn) transports.Conn, under node.Plant) (run result.Run, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New(memlog.Options{MaxLen: 100_000})
		defer log.Close()
		direct := null.New(under.Log(log), transports.Options{})
		w.Name = "virtual"
		w = w.WithDefaults()
		w.Warmup = 0
		err = load.Run(t.Context(), load.Config{Workload: w, Prefix: "t", Fresh: -1, Pace: onTime,
			Dial: func(ctx context.Context, topic string, after transports.Cursor) (load.Client, error) {
				c, err := direct.Dial(ctx, transports.Target{Topic: topic, After: after})
				if err == nil && wrap != nil {
					c = wrap(c)
				}
				return load.Client{Conn: c}, err
			}}, &run)
	})
	return run, err
}

// onTime keeps a schedule in fake time.
func onTime(ctx context.Context, start time.Time, at []time.Duration, due func(from, to int)) (int, error) {
	for i := range at {
		time.Sleep(time.Until(start.Add(at[i])))
		if ctx.Err() != nil {
			return i, ctx.Err()
		}
		due(i, i+1)
	}
	return len(at), nil
}

// sleepUntil is exactly in fake time, where looking at the clock would never end.
func sleepUntil(until time.Time) { time.Sleep(time.Until(until)) }

// close3 tells whether a figure is a duration, to the three digits that histograms keep.
func close3(got, want time.Duration) bool { return (got - want).Abs() <= want/1000+1 }

func TestInFakeTimeADelayIsReadExactly(t *testing.T) {
	for _, d := range delayTestsOf(true)[0].delays {
		var l ledger
		run, err := inFakeTime(t, workload.Workload{Kind: workload.Push, Clients: 2, Rate: 400, Duration: workload.Duration(time.Second)}, delay(d, sleepUntil, &l), node.Plant{})
		if err != nil {
			t.Fatal(err)
		}
		h := run.Delivery
		if h.Count != 400 || !close3(h.Min, d) || !close3(h.P50, d) || !close3(h.Max, d) || l.median() != d || run.Lateness.Max > 1 {
			t.Errorf("%s: read %d deliveries of %s to %s, injected %s", d, h.Count, h.Min, h.Max, l.median())
		}
	}
}

func TestInFakeTimeTheStallIsReadExactly(t *testing.T) {
	for _, quick := range []bool{true, false} {
		s := stallOf(quick)
		run, err := inFakeTime(t, workload.Workload{Kind: workload.Fanout, Publishers: s.connections, Rate: s.rate, Duration: workload.Duration(s.length)}, nil, node.Plant{Stall: s.stall})
		if err != nil {
			t.Fatal(err)
		}
		h, truth := run.Delivery, s.truth()
		for what, c := range map[string][2]time.Duration{
			"mean": {h.Mean, truth.mean}, "p50": {h.P50, truth.p50}, "p95": {h.P95, truth.p95}, "p99": {h.P99, truth.p99}, "largest": {h.Max, truth.largest},
		} {
			if !close3(c[0], c[1]) {
				t.Errorf("%s of the stall in %s: read %s, true %s", what, s.length, c[0], c[1])
			}
		}
		if h.Count != uint64(s.rate*s.length.Seconds()) || run.Uncorrected.P95 < h.P95-time.Millisecond {
			t.Errorf("%d deliveries; p95 from the actual send %s", h.Count, run.Uncorrected.P95)
		}
	}
}

func TestInFakeTimeFaultsAreCountedExactly(t *testing.T) {
	for name, c := range map[string]struct {
		wrap func(*ledger) func(transports.Conn) transports.Conn
		of   func(result.Accounting) uint64
	}{
		"lost": {func(l *ledger) func(transports.Conn) transports.Conn {
			return func(c transports.Conn) transports.Conn { return &loser{c, l} }
		}, func(a result.Accounting) uint64 { return a.Lost }},
		"repeated": {func(l *ledger) func(transports.Conn) transports.Conn {
			return func(c transports.Conn) transports.Conn { return &repeater{Conn: c, ledger: l} }
		}, func(a result.Accounting) uint64 { return a.Repeated }},
		"swapped": {func(l *ledger) func(transports.Conn) transports.Conn {
			return func(c transports.Conn) transports.Conn { return &swapper{Conn: c, ledger: l} }
		}, func(a result.Accounting) uint64 { return a.Reordered }},
	} {
		var l ledger
		run, err := inFakeTime(t, workload.Workload{Kind: workload.Fanout, Clients: 2, Rate: 1000, Duration: workload.Duration(2 * time.Second)}, c.wrap(&l), node.Plant{})
		a := run.Accounting
		if l.faults() != 4 || c.of(a) != 4 || a.Lost+a.Repeated+a.Reordered != 4 {
			t.Errorf("%s: planted %d, read %+v", name, l.faults(), a)
		}
		if name != "repeated" && err == nil {
			t.Errorf("%s: the run did not fail", name)
		}
	}
}

func TestInFakeTimeASleeperShowsInTheTailAlone(t *testing.T) {
	run, err := inFakeTime(t, workload.Workload{Kind: workload.Push, Rate: 100, Duration: workload.Duration(5 * time.Second)},
		func(c transports.Conn) transports.Conn { return sleeper{c} }, node.Plant{})
	if h := run.Delivery; err != nil || h.P50 > 1 || !close3(h.P99, 5*ms) || h.Count != 500 {
		t.Errorf("p50 %s, p99 %s of %d, %v", h.P50, h.P99, h.Count, err)
	}
}

func TestAWordyConnectionHidesItsByteFromBothEnds(t *testing.T) {
	log := memlog.New(memlog.Options{})
	defer log.Close()
	inner, err := null.New(log, transports.Options{}).Dial(t.Context(), transports.Target{Topic: "a"})
	if err != nil {
		t.Fatal(err)
	}
	c := wordy{inner}
	defer c.Close()
	if _, err := c.Send(t.Context(), transports.Message{ID: "m1", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	stored, err := log.Read(t.Context(), "a", transports.Cursor{}, 1)
	if err != nil || len(stored) != 1 || stored[0].ID != "m1"+filler {
		t.Errorf("stored %+v, %v", stored, err)
	}
	if m, err := c.Recv(t.Context()); err != nil || m.ID != "m1" {
		t.Errorf("received %+v, %v", m, err)
	}
}

func TestADelayedConnectionEndsWithItsCloserAndItsCaller(t *testing.T) {
	log := memlog.New(memlog.Options{})
	defer log.Close()
	inner, err := null.New(log, transports.Options{}).Dial(t.Context(), transports.Target{Topic: "a"})
	if err != nil {
		t.Fatal(err)
	}
	c := delay(time.Hour, sleepUntil, new(ledger))(inner)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Recv(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a call whose context has ended: %v", err)
	}
	c.Close()
	if _, err := c.Recv(t.Context()); !errors.Is(err, transports.ErrClosed) {
		t.Errorf("a closed connection: %v", err)
	}
}
