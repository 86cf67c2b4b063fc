package link

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"time"

	"transportlab/bench/result"
)

// Tolerances of an emulator. What a machine adds to a round trip, some wake-ups of processes, is within them.
const (
	rttShare, rttRest         = 0.02, 400 * time.Microsecond
	connectShare, connectRest = 0.04, time.Millisecond
	rateShare                 = 0.04
	lossDeviations            = 4 // of the binomial distribution
)

// Calibrate measures what a link does and returns it with a row for each property that was asked for. It
// takes about a second and a few round trips. Nothing else may have used the link before, or use it meanwhile.
func Calibrate(ctx context.Context, l *Link) (result.Achieved, []result.Check, error) {
	c := calibration{link: l, n: l.Net()}
	// Connections come last: what they still say after their end would be counted among the probes.
	steps := []func(context.Context) error{c.probe, c.bulk, c.connect}
	if l.net.Emulator == Wrapper {
		steps = []func(context.Context) error{c.pingPong, c.stream, c.connect}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return c.a, c.checks, fmt.Errorf("calibrating network condition %s: %w", c.n.Name, err)
		}
	}
	return c.a, c.checks, nil
}

// A calibration is one under way.
type calibration struct {
	link   *Link
	n      result.Net
	a      result.Achieved
	checks []result.Check
}

// check adds a row. What differs by no more than tolerance passes.
func (c *calibration) check(what, unit string, truth, read, tolerance float64, note string) {
	c.checks = append(c.checks, result.Check{Name: "network " + c.n.Name + ": " + what, Unit: unit, Truth: truth, Read: read,
		Tolerance: tolerance, Passed: math.Abs(read-truth) <= tolerance, Note: note})
}

// duration adds a row for a time of which the emulator's own part is within a share and a rest.
func (c *calibration) duration(what string, truth, read time.Duration, share float64, rest time.Duration) {
	note := ""
	if c.link.refused != nil {
		note = "the relay could not be used: " + c.link.refused.Error()
	}
	if c.n.Name == Loopback {
		return // nothing was asked for
	}
	milli := func(d time.Duration) float64 { return float64(d) / 1e6 }
	// The delays of a round trip differ by √2 times that of one way, the median of several by a fraction of it.
	tolerance := time.Duration(share*float64(truth)) + rest + c.n.Jitter
	c.check(what, "ms", milli(truth), milli(read), milli(tolerance), note)
}

// onLink is how long bytes take at the rate.
func (c *calibration) onLink(bytes int) time.Duration {
	if c.n.Bandwidth == 0 {
		return 0
	}
	return time.Duration(8e9 * float64(bytes) / c.n.Bandwidth)
}

// connect takes the time of TCP handshakes, some of them at once so that a slow link does not take long.
func (c *calibration) connect(ctx context.Context) error {
	const n, apart = 9, 3 * time.Millisecond
	addr, stop, err := c.listen(ctx, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	if err != nil {
		return err
	}
	defer stop()
	times, errs := make([]time.Duration, n), make([]error, n)
	var dials sync.WaitGroup
	for i := range n {
		dials.Go(func() { // ends with its connection
			if errs[i] = pause(ctx, time.Duration(i)*(apart+min(c.n.RTT, 4*apart))); errs[i] != nil {
				return
			}
			begin := time.Now()
			conn, err := c.link.DialContext(ctx, "tcp", addr)
			if errs[i], times[i] = err, time.Since(begin); err == nil {
				conn.Close()
			}
		})
	}
	dials.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	c.a.Connect = median(times)
	c.duration("connect", c.n.RTT+2*c.onLink(60), c.a.Connect, connectShare, connectRest)
	return nil
}

// probe takes the round trips and losses of datagrams.
func (c *calibration) probe(ctx context.Context) error {
	gap := max(200*time.Microsecond, 5*c.onLink(probeSize+headersOfUDP))
	n := 300
	if c.n.Loss > 0 {
		n = min(max(int(20/c.n.Loss), n), 20_000)
	}
	n = max(min(n, int(4*time.Second/gap)), 20)
	before, counted, err := c.link.Counters()
	if err != nil {
		return err
	}
	p, err := c.link.probe(ctx, n, gap, c.patience())
	if err != nil {
		return err
	}
	if len(p.back) == 0 {
		return fmt.Errorf("none of %d probes came back", p.sent)
	}
	c.a.RTT = median(p.back)
	c.duration("round trip", c.n.RTT+2*c.onLink(probeSize+headersOfUDP), c.a.RTT, rttShare, rttRest)
	lost, crossings := p.sent-len(p.back), p.sent+p.echoed
	c.a.Loss = float64(lost) / float64(crossings)
	if c.n.Name == Loopback {
		return nil
	}
	deviation := math.Sqrt(c.n.Loss * (1 - c.n.Loss) / float64(crossings))
	c.check("lost packets", "%", 100*c.n.Loss, 100*c.a.Loss, 100*lossDeviations*deviation,
		fmt.Sprintf("%d of %d probes, each way counted", lost, crossings))
	if !counted {
		return nil
	}
	after, _, err := c.link.Counters()
	if err != nil {
		return err
	}
	own := after.Up.Lost + after.Down.Lost - before.Up.Lost - before.Down.Lost
	c.check("lost packets by the link's own count", "packets", float64(own), float64(lost), 0, "probes that did not arrive must be those that the link lost")
	return nil
}

// bulk takes the rate at which datagrams arrive when more are sent.
func (c *calibration) bulk(ctx context.Context) error {
	if c.n.Bandwidth == 0 {
		return nil
	}
	d := min(max(300*time.Millisecond, c.onLink(100*mtu)), 3*time.Second)
	rate, err := c.link.bulk(ctx, c.n.Bandwidth, d, c.patience()+c.onLink(leastQueue))
	if err != nil {
		return err
	}
	c.bandwidth(rate / (1 - c.n.Loss)) // what was lost has taken its time too
	return nil
}

func (c *calibration) bandwidth(rate float64) {
	c.a.Bandwidth = rate
	c.check("rate", "Mbit/s", c.n.Bandwidth/1e6, rate/1e6, rateShare*c.n.Bandwidth/1e6, "")
}

// patience is how long to wait for what may be lost.
func (c *calibration) patience() time.Duration {
	return 2*c.n.RTT + 4*c.n.Jitter + 300*time.Millisecond
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
