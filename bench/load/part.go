package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/pace"
	"transportlab/transports"
)

// The parts of a run, by the first letter of their messages' IDs.
const (
	greeting = iota
	warmup
	measured
)

const letters = "hwm"

// A part is one schedule and what became of its messages, which are numbered from 0.
type part struct {
	which    int
	length   time.Duration
	start    time.Duration // since the session's epoch
	schedule arrival.Schedule
	ids      []string
	sentAt   []atomic.Int64 // since the session's epoch; 0 is not yet
	loop     []loop         // of a closed loop, by client

	sent, late, dropped, failed, delivered atomic.Uint64
	acked                                  []atomic.Uint64 // by topic

	sending  context.Context // of sends: when it ends, what is queued is dropped
	finished atomic.Int64    // messages that need no more sending
	done     chan struct{}   // closed when all are
	last     atomic.Int64    // the latest acknowledgement or delivery, since the epoch
}

func (s *session) newPart(which int, length time.Duration) *part {
	p := &part{which: which, length: length, acked: make([]atomic.Uint64, len(s.topics)), done: make(chan struct{})}
	if s.w.Kind.Closed() && which != greeting {
		p.loop = newLoops(s.w.Clients)
		return p
	}
	if which == greeting {
		for i, pub := range s.pubs { // spread, so that connections are not all made at the same instant
			p.schedule.At = append(p.schedule.At, time.Duration(i)*pace.Granule)
			p.schedule.Publisher = append(p.schedule.Publisher, int32(i))
			p.schedule.Topic = append(p.schedule.Topic, int32(pub.topic))
		}
	} else {
		p.schedule = arrival.New(s.w, length, s.w.Seed+uint64(which), s.Trace)
	}
	n := len(p.schedule.At)
	p.ids, p.sentAt = make([]string, n), make([]atomic.Int64, n)
	for i := range p.ids {
		p.ids[i] = arrival.ID(letters[which], i)
	}
	if n == 0 {
		close(p.done)
	}
	return p
}

// message returns message i.
func (p *part) message(s *session, i int) transports.Message {
	m := transports.Message{ID: p.ids[i], Binary: s.w.Binary}
	switch {
	case p.schedule.Body != nil && p.schedule.Body[i] != "":
		m.Data = []byte(p.schedule.Body[i])
		m.Binary = false
	case p.schedule.Size != nil:
		m.Data = s.bodies.Of(i, int(p.schedule.Size[i]))
	default:
		m.Data = s.bodies.Of(i, s.w.Size)
	}
	return m
}

// finish counts a message that needs no more sending.
func (p *part) finish() {
	if p.finished.Add(1) == int64(len(p.schedule.At)) {
		close(p.done)
	}
}

func (p *part) happened(at time.Duration) {
	for {
		known := p.last.Load()
		if int64(at) <= known || p.last.CompareAndSwap(known, int64(at)) {
			return
		}
	}
}

// elapsed is how long the part took: until its last acknowledgement or delivery, and at least as long as
// its schedule.
func (p *part) elapsed(s *session) time.Duration {
	return max(p.length, time.Duration(p.last.Load())-p.start)
}

// play begins p, sends its messages at their times, and waits until everything acknowledged has arrived.
func (s *session) play(p *part) error {
	if p.which == measured {
		s.line.begin(p.length)
	}
	p.start = s.since() + time.Millisecond // everybody is ready when the first message is due
	s.parts[p.which].Store(p)
	s.now.Store(p)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	stopCuts := s.cutInTurn(ctx, p)
	defer stopCuts()
	if p.loop != nil {
		s.playLoops(ctx, p)
	} else if err := s.playSchedule(ctx, p); err != nil {
		return err
	}
	stopCuts()
	if err := s.arrive(); err != nil {
		return err
	}
	return context.Cause(s.ctx)
}

func (s *session) playSchedule(ctx context.Context, p *part) error {
	var stop context.CancelFunc
	p.sending, stop = context.WithCancel(ctx)
	defer stop()
	start := s.epoch.Add(p.start)
	handed, err := s.Pace(ctx, start, p.schedule.At, func(from, to int) {
		for i := from; i < to; i++ {
			s.pubs[p.schedule.Publisher[i]].enqueue(p, i)
		}
	})
	if err == nil {
		err = sleep(ctx, time.Until(start.Add(p.length)))
	}
	for i := handed; i < len(p.schedule.At); i++ {
		p.dropped.Add(1)
		p.finish()
	}
	timeout := time.NewTimer(s.Grace)
	defer timeout.Stop()
	select {
	case <-p.done:
	case <-timeout.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	stop() // what is still queued is dropped
	<-p.done
	return err
}

// arrive waits until every subscriber has everything that was acknowledged, or Grace is over: then the
// checker will tell what is missing.
func (s *session) arrive() error {
	deadline := time.Now().Add(s.Grace)
	pause := 200 * time.Microsecond
	for _, sub := range s.subs {
		for sub.offset.Load() < s.topics[sub.topic].tail.Load() {
			if time.Now().After(deadline) {
				return nil
			}
			if err := sleep(s.ctx, pause); err != nil {
				return err
			}
			pause = min(2*pause, 5*time.Millisecond)
		}
	}
	return nil
}

// greet lets every publisher send one message and waits until all have arrived. Topics without a
// publisher are greeted over a connection of their own.
func (s *session) greet() error {
	if !s.w.Kind.Sends() {
		for i, t := range s.topics {
			c, err := s.Dial(s.ctx, t.name, transports.Cursor{})
			if err != nil {
				return err
			}
			at, err := c.Send(s.ctx, transports.Message{ID: arrival.ID(letters[greeting], i), Data: s.bodies.Of(i, s.w.Size), Binary: s.w.Binary})
			if err = errors.Join(err, c.Close()); err != nil {
				return err
			}
			t.reached(at.Offset)
		}
	} else if err := s.play(s.newPart(greeting, 0)); err != nil {
		return err
	}
	if err := s.arrive(); err != nil {
		return err
	}
	for i, sub := range s.subs {
		if sub.offset.Load() < s.topics[sub.topic].tail.Load() {
			return fmt.Errorf("client %d received nothing within %s", i, s.Grace)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
