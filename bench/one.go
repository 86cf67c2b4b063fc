package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/carrier"
)

// Limits of a run whose figures may be used.
const (
	mostLate      = 0.01                 // of the sends, for tail figures
	mostLateAtAll = 0.20                 // of the sends, for any figure: then the median is the driver's too
	mostJitter    = 2 * time.Millisecond // of timers at p99, for tail figures
	mostStolen    = 0.02                 // of the CPU time there was, for tail figures
)

// A one is a run under way: what was read at its moments.
type one struct {
	lab                      *lab
	options                  transports.Options // of its arm
	server, driver           moments
	connectedBytes, from, to count
	serverReadable           bool
	serverFloor, driverFloor time.Duration // CPU a second when idle
}

// moments are the states of a process before any client, with all clients, around the load, and after.
type moments struct {
	before, connected, from, to, after probe.Sample
}

// runOne runs a workload once on an arm and returns what it measured. Its error is why the run is not to
// be used; what was measured until then is returned with it.
func runOne(ctx context.Context, p Plan, w workload.Workload, trace *arrival.TraceFile, a result.Arm, store *node.Store,
	prefix string, progress func(load.Progress)) (run result.Run, err error) {
	run = result.Run{Workload: w.Name, Arm: a, Started: time.Now().UTC()}
	l, err := newLab(ctx, p, a, store)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	o := &one{lab: l, options: l.variant.options(p.options())}
	if err := o.settle(ctx); err != nil {
		return run, err
	}
	sentinel := probe.Watch()
	err = load.Run(ctx, load.Config{
		Workload: w, Trace: trace, Prefix: prefix, Dial: l.dial,
		Grace: max(cmp.Or(p.Grace, 10*time.Second), 4*o.options.Interval),
		Hooks: load.Hooks{
			Connected: func() error { return o.connected(ctx) },
			Start:     func() error { return o.start(ctx) },
			End:       func() error { return o.end(ctx) },
			Progress:  progress,
		},
	}, &run)
	noise, noiseErr := sentinel.End()
	run.Noise = noise
	if err = errors.Join(err, noiseErr); err != nil {
		return run, err
	}
	o.server.after, _ = l.sample(ctx, false)
	if o.driver.after, err = self(false); err != nil {
		return run, err
	}
	o.fill(&run)
	run.Unfit = slices.Concat(unfit(run), strained(run, p.Capacity), overloaded(o.to.sub(o.from).link))
	return run, nil
}

func self(collect bool) (probe.Sample, error) {
	s, err := probe.Process(os.Getpid())
	s.Internals = probe.ReadInternals(collect)
	return s, err
}

// settle reads both processes before any client comes, and how much they use when idle.
func (o *one) settle(ctx context.Context) error {
	var err error
	if o.driver.before, err = self(true); err != nil {
		return err
	}
	o.server.before, o.serverReadable = o.lab.sample(ctx, true)
	if !o.serverReadable {
		return nil
	}
	floors, err := idleCPU(ctx, o.lab.child.PID, os.Getpid())
	if err != nil {
		return err
	}
	o.serverFloor, o.driverFloor = floors[0], floors[1]
	return nil
}

// idleCPU is how much CPU time processes use a second when they have nothing to do: the least of several
// short stretches, since they may still be tidying up after their start.
func idleCPU(ctx context.Context, pids ...int) ([]time.Duration, error) {
	const stretches, length = 4, 15 * time.Millisecond
	least, last := make([]time.Duration, len(pids)), make([]probe.Sample, len(pids))
	for n := range stretches + 1 {
		for i, pid := range pids {
			now, err := probe.Process(pid)
			if err != nil {
				return nil, err
			}
			if used := probe.PerSecond(last[i], now); n == 1 || n > 1 && used < least[i] {
				least[i] = used
			}
			last[i] = now
		}
		t := time.NewTimer(length)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
	}
	return least, nil
}

func (o *one) connected(ctx context.Context) error {
	var err error
	if o.connectedBytes, err = o.lab.count(); err != nil {
		return err
	}
	o.server.connected, _ = o.lab.sample(ctx, true)
	o.driver.connected, err = self(true)
	return err
}

func (o *one) start(ctx context.Context) error {
	var err error
	o.server.from, _ = o.lab.sample(ctx, false)
	if o.driver.from, err = self(false); err != nil {
		return err
	}
	o.from, err = o.lab.count()
	return err
}

func (o *one) end(ctx context.Context) error {
	var err error
	if o.to, err = o.lab.count(); err != nil {
		return err
	}
	if o.driver.to, err = self(false); err != nil {
		return err
	}
	o.server.to, _ = o.lab.sample(ctx, false)
	return nil
}

// fill turns what was read into the run's figures.
func (o *one) fill(run *result.Run) {
	run.Driver = o.driver.process(o.driverFloor)
	if o.serverReadable {
		server := o.server.process(o.serverFloor)
		run.Server = &server
	}
	if o.lab.carrier == "none" {
		run.Bytes = nil
		return
	}
	steady := o.to.sub(o.from)
	run.Wire = wireOf(steady, o.to.wire.Unread)
	run.Extra = append(run.Extra, onLink(steady.link)...)
	b, c := run.Bytes, o.connectedBytes
	b.Steady.Up, b.Steady.Down = layers(steady.Up, steady.up), layers(steady.Down, steady.down)
	b.Handshake.Up, b.Handshake.Down = layers(c.Up, c.up), layers(c.Down, c.down)
	b.Handshake.Up.TLS += uint64(o.connectedBytes.Up.Handshake)
	b.Handshake.Down.TLS += uint64(o.connectedBytes.Down.Handshake)
	// Connections that are made during the measured part are part of its traffic.
	b.Steady.Up.TLS += uint64(steady.Up.Handshake)
	b.Steady.Down.TLS += uint64(steady.Down.Handshake)
	longest := max(o.options.Hold, o.options.Heartbeat) // of the silences that belong to an idle connection
	if run.Accounting.Sent == 0 && (steady.Up.Wire+steady.Down.Wire > 0 || run.Elapsed >= longest) {
		each := run.Elapsed.Minutes() * float64(run.Connections.All())
		b.PerMinute = &result.Pair{Up: float64(b.Steady.Up.Total()) / each, Down: float64(b.Steady.Down.Total()) / each}
	}
}

func (m moments) process(floor time.Duration) result.Process {
	p := probe.Between(m.from, m.to, floor)
	p.Before, p.Connected, p.Disconnected = m.before.Footprint(), m.connected.Footprint(), m.after.Footprint()
	return p
}

// layers attributes what a meter counted. What the transport wrote beside messages and envelopes is its
// framing, and so is the carrier's. Compressed, nobody can tell them apart.
func layers(b carrier.Bytes, s shares) result.Layers {
	l := result.Layers{Headers: uint64(b.Header), TLS: uint64(max(b.TLS(), 0))}
	written, framing := b.Body+b.Stream, b.Framing
	if rest := written - s.payload - s.envelope; rest >= 0 {
		l.Payload, l.Envelope = uint64(s.payload), uint64(s.envelope)
		framing += rest
	} else {
		l.Other = uint64(written)
	}
	l.Framing = uint64(framing)
	return l
}

// unfit says what a run must not be used for.
func unfit(run result.Run) []result.Unfit {
	var list []result.Unfit
	add := func(purpose, format string, args ...any) {
		list = append(list, result.Unfit{For: purpose, Reason: fmt.Sprintf(format, args...)})
	}
	a := run.Accounting
	if a.Scheduled > 0 {
		share := float64(a.Late+a.Dropped) / float64(a.Scheduled)
		purpose := result.ForTail
		if share > mostLateAtAll {
			purpose = result.ForAll
		}
		if share > mostLate {
			add(purpose, "%.1f %% of the messages were sent late or not at all", 100*share)
		}
	}
	if jitter := run.Noise.Timer.P99; jitter > mostJitter && run.Delivery.Count+run.Ack.Count > 0 { // without latencies there is no tail
		add(result.ForTail, "the machine's timers were %s late at p99", jitter.Round(10*time.Microsecond))
	}
	had := float64(run.Setup+run.Elapsed) * float64(runtime.NumCPU())
	if share := float64(run.Noise.Stolen) / had; share > mostStolen {
		add(result.ForTail, "the hypervisor took %.0f %% of the CPU time away", 100*share)
	}
	return list
}
