package load

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/record"
	"transportlab/transports"
	"transportlab/transports/checker"
)

// A subscriber receives on one connection at a time. Its goroutine owns everything but what is atomic
// and conn.
type subscriber struct {
	s      *session
	index  int
	topic  int
	record *checker.Subscriber
	offset atomic.Uint64 // of the last message received
	cursor transports.Cursor

	mu     sync.Mutex
	client Client
	cut    bool // conn was cut off on purpose

	missed uint64 // what a resumed client receives up to here it had missed

	delivery, uncorrected, peak record.Buffer
	line                        stretch
	age                         age
}

func (s *session) newSubscriber(index int, c Client) *subscriber {
	topic, shard := index%s.w.Topics, index%shards
	return &subscriber{
		s: s, index: index, topic: topic, client: c,
		record:   s.check.Subscriber(fmt.Sprint(index), s.topics[topic].name, transports.Cursor{}),
		delivery: s.figures.delivery[shard].Buffer(), uncorrected: s.figures.uncorrected[shard].Buffer(),
		peak: s.figures.peak[shard].Buffer(),
	}
}

// receive receives until the run ends.
func (sub *subscriber) receive() {
	defer sub.flush()
	for {
		err := sub.step()
		if err != nil && sub.s.ctx.Err() == nil && sub.wasCut() {
			err = sub.comeBack()
		}
		if err != nil {
			if sub.s.ctx.Err() == nil {
				sub.s.fail(fmt.Errorf("client %d: receiving: %w", sub.index, err))
			}
			return
		}
	}
}

// step receives one message, or one gap.
func (sub *subscriber) step() error {
	m, err := sub.client.Recv(sub.s.ctx)
	if err == nil {
		sub.received(m, sub.s.since())
		return nil
	}
	var gap *transports.GapError
	if !errors.As(err, &gap) {
		return err
	}
	sub.record.Gap(gap)
	sub.cursor = gap.Resume()
	sub.offset.Store(sub.cursor.Offset)
	sub.s.figures.gaps.Add(1)
	sub.s.figures.gapSize.Add(gapSize(gap))
	return nil
}

func gapSize(g *transports.GapError) uint64 {
	if to := g.Resume(); to.Epoch == g.After.Epoch && to.Offset > g.After.Offset {
		return to.Offset - g.After.Offset
	}
	return 0
}

func (sub *subscriber) received(m transports.Message, now time.Duration) {
	sub.record.Received(m)
	again := m.Epoch == sub.cursor.Epoch && m.Offset <= sub.cursor.Offset
	if !again {
		sub.cursor = m.Cursor
		if m.Offset <= sub.missed {
			sub.s.figures.replayed.Add(1)
		}
	}
	letter, i, ok := arrival.ParseID(m.ID)
	if p := sub.part(letter); ok && !again && p != nil {
		sub.judge(p, i, now)
	}
	sub.offset.Store(sub.cursor.Offset)
}

func (sub *subscriber) part(letter byte) *part {
	for which := range letters {
		if letters[which] == letter {
			return sub.s.parts[which].Load()
		}
	}
	return nil
}

// judge records the delivery of message i of p.
func (sub *subscriber) judge(p *part, i int, now time.Duration) {
	p.delivered.Add(1)
	p.happened(now)
	if p.loop != nil {
		sub.judgeLoop(p, i, now)
		return
	}
	if i >= len(p.sentAt) || p.which != measured {
		return
	}
	intended := p.start + p.schedule.At[i]
	sub.delivery.Record(max(now-intended, 1))
	sub.line.record(&sub.s.line, p.schedule.At[i], max(now-intended, 1))
	sub.uncorrected.Record(max(now-time.Duration(p.sentAt[i].Load()), 1))
	if peak, ok := sub.age.heard(intended, now); ok {
		sub.peak.Record(peak)
	}
}

func (sub *subscriber) flush() {
	sub.delivery.Flush()
	sub.uncorrected.Flush()
	sub.peak.Flush()
	sub.line.flush()
	sub.s.figures.addAge(sub.age)
}

// An age integrates how old the newest thing known is, from the first thing heard to the last.
type age struct {
	born, heardAt time.Duration // of the newest thing
	known         bool
	area          float64 // ns²
	length        time.Duration
}

// heard records something that came into being at born. It returns how old the last news were just before.
func (a *age) heard(born, now time.Duration) (peak time.Duration, ok bool) {
	if !a.known {
		a.known, a.born, a.heardAt = true, born, now
		return 0, false
	}
	peak = max(now-a.born, 1)
	a.area += float64(a.heardAt-a.born+now-a.born) / 2 * float64(now-a.heardAt)
	a.length += now - a.heardAt
	a.born, a.heardAt = max(a.born, born), now
	return peak, true
}
