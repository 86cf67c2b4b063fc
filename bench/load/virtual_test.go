package load

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/memlog"
	"transportlab/transports/null"
)

// A far connection hands messages out a while after they were there, or only when it asks, every interval.
type far struct {
	transports.Conn
	delay, interval time.Duration
	begun           time.Time
}

func (c far) Recv(ctx context.Context) (transports.Message, error) {
	m, err := c.Conn.Recv(ctx)
	if c.interval > 0 && err == nil { // what came since the last question comes with the answer to the next
		if since := time.Since(c.begun) % c.interval; since > 0 {
			time.Sleep(c.interval - since)
		}
	}
	return m, err
}

// inFakeTime runs a workload with the code that measures, in time that passes only when everybody waits. Dialling
// takes connect, and what an acknowledged message takes to its reader is delay.
func inFakeTime(t *testing.T, w workload.Workload, connect, delay, interval time.Duration) (run result.Run) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New(memlog.Options{MaxLen: 100_000})
		defer log.Close()
		direct := null.New(log, transports.Options{})
		begun := time.Now()
		w.Name, w.Warmup = "virtual", workload.Duration(10*time.Millisecond)
		err := Run(t.Context(), Config{Workload: w.WithDefaults(), Prefix: "t",
			Pace: func(ctx context.Context, start time.Time, at []time.Duration, due func(from, to int)) (int, error) {
				for i := range at {
					time.Sleep(time.Until(start.Add(at[i])))
					due(i, i+1)
				}
				return len(at), ctx.Err()
			},
			Dial: func(ctx context.Context, topic string, after transports.Cursor) (Client, error) {
				time.Sleep(connect)
				c, err := direct.Dial(ctx, transports.Target{Topic: topic, After: after})
				if err != nil {
					return Client{}, err
				}
				if delay > 0 {
					c = &queued{Conn: c, delay: delay}
				}
				return Client{Conn: far{c, delay, interval, begun}}, nil
			}}, &run)
		if err != nil {
			t.Error(err)
		}
	})
	return run
}

// A queued connection is a line on which messages travel for delay, many at the same time. The time that a message
// was sent is not on it, so it is taken to arrive delay after the moment when it could first be received.
type queued struct {
	transports.Conn
	delay time.Duration
	line  chan arriving
}

type arriving struct {
	m   transports.Message
	err error
	at  time.Time
}

func (c *queued) Recv(ctx context.Context) (transports.Message, error) {
	if c.line == nil {
		c.line = make(chan arriving, 100_000)
		go func() { // ends with ctx, or an error of the connection
			for {
				m, err := c.Conn.Recv(ctx)
				c.line <- arriving{m, err, time.Now().Add(c.delay)}
				if err != nil {
					return
				}
			}
		}()
	}
	a := <-c.line
	if a.err == nil {
		time.Sleep(time.Until(a.at))
	}
	return a.m, a.err
}

// TestInFakeTimeAgesAgreeWithTheClosedForms: messages at random, λ a second, that travel for d leave a reader with
// news of age d + 1/λ; evenly spaced ones, d + 1/(2λ); and one who asks every Δ, 1/λ + Δ/2 (Kaul, Yates and
// Gruteser 2012; Yates 2015).
func TestInFakeTimeAgesAgreeWithTheClosedForms(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		process         workload.Process
		delay, interval time.Duration
		want            time.Duration
	}{
		"random":        {workload.Poisson, 7 * ms, 0, 7*ms + 20*ms},
		"evenly spaced": {workload.Constant, 7 * ms, 0, 7*ms + 10*ms},
		"asked for":     {workload.Poisson, 0, 100 * ms, 20*ms + 50*ms},
	} {
		run := inFakeTime(t, workload.Workload{Kind: workload.Fanout, Rate: 50, Arrival: workload.Arrival{Process: c.process},
			Duration: workload.Duration(200 * time.Second)}, 0, c.delay, c.interval)
		if run.Age == nil || math.Abs(float64(run.Age.Mean)/float64(c.want)-1) > 0.03 {
			t.Errorf("%s: age %+v, want %s", name, run.Age, c.want)
		}
	}
}

func TestInFakeTimeWhatAFreshClientWaitsForIsExact(t *testing.T) {
	const ms = time.Millisecond
	run := inFakeTime(t, workload.Workload{Kind: workload.Push, Clients: 3, Rate: 100, Duration: workload.Duration(time.Second)}, 40*ms, 15*ms, 0)
	h := run.FirstMessage
	if h == nil || h.Count != 5 || (h.Min-55*ms).Abs() > 60*time.Microsecond || (h.Max-55*ms).Abs() > 60*time.Microsecond {
		t.Errorf("the first message took %+v, want 55ms", h)
	}
	for _, m := range run.Timeline {
		if m.Count != 5 || math.Abs(m.P50-15e6) > 15e3 || m.P50 != m.Max {
			t.Errorf("stretch %+v, want 5 deliveries of 15ms", m)
		}
	}
	// Where a client takes a second and more, one or two must do.
	run = inFakeTime(t, workload.Workload{Kind: workload.Push, Rate: 10, Duration: workload.Duration(time.Second)}, 600*ms, 100*ms, 0)
	if h := run.FirstMessage; h == nil || h.Count != 2 || (h.P50-700*ms).Abs() > ms {
		t.Errorf("the first message took %+v, want 700ms, twice", h)
	}
}

func TestInFakeTimeReconnectsAndReplaysAreExact(t *testing.T) {
	const ms = time.Millisecond
	run := inFakeTime(t, workload.Workload{Kind: workload.Resume, Clients: 2, Rate: 100, Duration: workload.Duration(9900 * ms),
		Cut: workload.Cut{Every: workload.Duration(500 * ms), Away: workload.Duration(203 * ms)}}, 30*ms, 0, 0)
	n := run.Accounting.Reconnects
	if h := run.Reconnect; n != 19 || h == nil || h.Count != n || (h.Min-30*ms).Abs() > 40*time.Microsecond || (h.Max-30*ms).Abs() > 40*time.Microsecond {
		t.Errorf("%d reconnects took %+v, want 30ms", n, run.Reconnect)
	}
	if run.Replayed != 21*n { // a message every 10 ms, the first after 1 ms, for 203 ms; what comes while it dials is no longer missed
		t.Errorf("%d messages were replayed in %d reconnects, want 21 each", run.Replayed, n)
	}
}
