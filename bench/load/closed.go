package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/bench/arrival"
	"transportlab/transports"
)

// A loop is one client's place in a closed loop: it sends a message, waits until it has come back, and
// sends the next.
type loop struct {
	number atomic.Int64  // of the message under way
	sentAt atomic.Int64  // since the session's epoch
	back   chan struct{} // holds one token when it has come back
}

func newLoops(n int) []loop {
	ls := make([]loop, n)
	for i := range ls {
		ls[i].number.Store(-1)
		ls[i].back = make(chan struct{}, 1)
	}
	return ls
}

// playLoops runs every client's loop until the part's length is over.
func (s *session) playLoops(ctx context.Context, p *part) {
	end := s.epoch.Add(p.start + p.length)
	var clients sync.WaitGroup
	for c := range p.loop {
		clients.Go(func() { // ends with the part, or when a message is lost
			ack := s.figures.ack[c%shards].Buffer()
			defer ack.Flush()
			for n := 0; time.Now().Before(end) && ctx.Err() == nil; n++ {
				took, err := s.round(ctx, p, c, n*len(p.loop)+c)
				if err != nil {
					if ctx.Err() == nil {
						s.fail(fmt.Errorf("client %d: %w", c, err))
					}
					return
				}
				if p.which == measured {
					ack.Record(took)
				}
			}
		})
	}
	clients.Wait()
}

// round is one turn of client c's loop. It returns how long the acknowledgement took.
func (s *session) round(ctx context.Context, p *part, c, number int) (took time.Duration, err error) {
	l, pub := &p.loop[c], s.pubs[c]
	m := transports.Message{ID: arrival.ID(letters[p.which], number), Data: s.bodies.Of(number, s.w.Size), Binary: s.w.Binary}
	pub.record.Sent(m)
	p.sent.Add(1)
	begin := s.since()
	l.sentAt.Store(int64(begin))
	l.number.Store(int64(number))
	at, err := pub.conn.Send(ctx, m)
	if err != nil {
		p.failed.Add(1)
		return 0, fmt.Errorf("sending: %w", err)
	}
	end := s.since()
	pub.acknowledged(p, m, at, end)
	lost := time.NewTimer(s.Grace)
	defer lost.Stop()
	select {
	case <-l.back:
		return max(end-begin, 1), nil
	case <-lost.C:
		return 0, fmt.Errorf("message %s did not come back within %s", m.ID, s.Grace)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// judgeLoop records that a message of this subscriber's loop has come back.
func (sub *subscriber) judgeLoop(p *part, number int, now time.Duration) {
	l := &p.loop[sub.index]
	if l.number.Load() != int64(number) {
		return
	}
	if p.which == measured {
		sent := time.Duration(l.sentAt.Load())
		sub.delivery.Record(max(now-sent, 1))
		sub.line.record(&sub.s.line, sent-p.start, max(now-sent, 1))
	}
	select {
	case l.back <- struct{}{}:
	default: // it came twice; the checker counts that
	}
}
