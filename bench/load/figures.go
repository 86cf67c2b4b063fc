package load

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/bench/record"
	"transportlab/bench/result"
)

// shards is how many recorders share the values of one distribution, so that goroutines seldom wait for
// each other.
const shards = 4

// figures are what the goroutines of a session record together.
type figures struct {
	delivery, uncorrected, ack, lateness, peak [shards]record.Recorder
	dial, catchUp, reconnect, first            record.Recorder
	gaps, gapSize, reconnects, replayed        atomic.Uint64

	mu     sync.Mutex
	area   float64
	length time.Duration
}

func (f *figures) addAge(a age) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.area += a.area
	f.length += a.length
}

func merged(from *[shards]record.Recorder, err *error) result.Histogram {
	var all record.Recorder
	for i := range from {
		all.Merge(&from[i])
	}
	return *histogram(&all, err)
}

func histogram(from *record.Recorder, err *error) *result.Histogram {
	h, e := from.Histogram()
	if *err == nil {
		*err = e
	}
	return &h
}

// account fills in what was measured. Its error names the promises that were broken.
func (s *session) account(run *result.Run) error {
	var err error
	f, p, counts := &s.figures, s.parts[measured].Load(), s.check.Counts()
	run.Delivery, run.Uncorrected = merged(&f.delivery, &err), merged(&f.uncorrected, &err)
	run.Ack, run.Lateness = merged(&f.ack, &err), merged(&f.lateness, &err)
	if peak := merged(&f.peak, &err); f.length > 0 {
		run.Age = &result.Age{Mean: time.Duration(f.area / float64(f.length)), Peak: peak}
	}
	if s.w.Cut.Every > 0 {
		run.CatchUp, run.Reconnect = histogram(&f.catchUp, &err), histogram(&f.reconnect, &err)
		run.Replayed = f.replayed.Load()
	}
	if s.Fresh > 0 {
		run.FirstMessage = histogram(&f.first, &err)
	}
	run.Timeline = s.line.moments()
	run.Connections = result.Connections{Clients: len(s.subs), Dial: *histogram(&f.dial, &err)}
	for _, pub := range s.pubs {
		if pub.own {
			run.Connections.Publishers++
		}
	}
	run.Accounting = result.Accounting{
		Scheduled: uint64(len(p.schedule.At)), Sent: p.sent.Load(), Late: p.late.Load(), Dropped: p.dropped.Load(),
		Failed: p.failed.Load(), Delivered: p.delivered.Load(),
		Lost: uint64(counts.Lost), Repeated: uint64(counts.Repeated), Reordered: uint64(counts.Reordered),
		Gaps: f.gaps.Load(), GapSize: f.gapSize.Load(), Reconnects: f.reconnects.Load(),
	}
	if p.loop != nil {
		run.Accounting.Scheduled = run.Accounting.Sent
	}
	for topic := range p.acked {
		run.Accounting.Acked += p.acked[topic].Load()
	}
	run.Accounting.Expected = s.expected(p)
	run.Bytes = &result.Bytes{Sends: p.sent.Load(), Receives: p.delivered.Load()}
	if err != nil {
		return err
	}
	return s.verdict()
}

// expected is how many deliveries the acknowledged messages of p cause: each to the readers of its topic.
func (s *session) expected(p *part) (n uint64) {
	if len(s.subs) == 0 {
		return 0
	}
	for topic := range p.acked {
		n += p.acked[topic].Load() * uint64(s.readers(topic))
	}
	return n
}

// readers is how many clients read a topic.
func (s *session) readers(topic int) int {
	return (len(s.subs) - topic + s.w.Topics - 1) / s.w.Topics
}

// verdict asks the checker.
func (s *session) verdict() error {
	violations := s.check.Check()
	if len(violations) == 0 {
		return nil
	}
	const most = 5
	var b strings.Builder
	for i, v := range violations {
		if i == most {
			fmt.Fprintf(&b, "; and %d more", len(violations)-most)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(v.String())
	}
	return fmt.Errorf("promises were broken: %s", b.String())
}
