package load

import (
	"fmt"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/checker"
)

// A publisher sends over one connection. Messages that are due wait in its queue for one of its workers;
// workers are started when all are waiting for acknowledgements, so that a slow acknowledgement does not
// hold back the next send.
type publisher struct {
	s       *session
	index   int
	topic   int
	conn    transports.Conn
	own     bool // conn is no subscriber's
	record  *checker.Publisher
	queue   chan job
	workers int // of the pacing goroutine
	idle    atomic.Int64
}

type job struct {
	p *part
	i int32
}

func (s *session) newPublisher(index int, conn transports.Conn, own bool) *publisher {
	topic := index % s.w.Topics
	return &publisher{s: s, index: index, topic: topic, conn: conn, own: own, queue: make(chan job, s.queued()),
		record: s.check.Publisher(fmt.Sprint(index), s.topics[topic].name)}
}

// queued is how many messages may be due and not yet sent on one connection: twice its share of a run,
// within bounds. More are dropped: the transport is so far behind that the run says nothing but that.
func (s *session) queued() int {
	share := s.w.Rate * time.Duration(s.w.Duration).Seconds() / float64(s.w.Publishers)
	return 64 + min(int(2*share), 1<<16)
}

// enqueue hands a due message to a worker; it is called by one goroutine.
func (pub *publisher) enqueue(p *part, i int) {
	select {
	case pub.queue <- job{p, int32(i)}:
	default:
		p.dropped.Add(1)
		p.finish()
		return
	}
	if int64(len(pub.queue)) > pub.idle.Load() && pub.workers < pub.s.Pipeline {
		pub.workers++
		pub.s.senders.Go(pub.work) // ends when close closes the queue
	}
}

func (pub *publisher) work() {
	f := &pub.s.figures
	lateness, ack := f.lateness[pub.index%shards].Buffer(), f.ack[pub.index%shards].Buffer()
	defer func() {
		lateness.Flush()
		ack.Flush()
	}()
	for {
		pub.idle.Add(1)
		j, ok := <-pub.queue
		pub.idle.Add(-1)
		if !ok {
			return
		}
		late, took := pub.send(j)
		if j.p.which == measured {
			if late > 0 {
				lateness.Record(late)
			}
			if took > 0 {
				ack.Record(took)
			}
		}
		j.p.finish()
	}
}

// send sends one message and returns how late it was sent, and how long its acknowledgement took; 0 when
// that did not happen.
func (pub *publisher) send(j job) (late, took time.Duration) {
	if j.p.sending.Err() != nil {
		j.p.dropped.Add(1)
		return 0, 0
	}
	s, m := pub.s, j.p.message(pub.s, int(j.i))
	pub.record.Sent(m)
	begin := s.since()
	j.p.sentAt[j.i].Store(int64(begin))
	j.p.sent.Add(1)
	late = max(begin-j.p.start-j.p.schedule.At[j.i], 1)
	if late > s.Late {
		j.p.late.Add(1)
	}
	at, err := pub.conn.Send(j.p.sending, m)
	end := s.since()
	if err != nil {
		j.p.failed.Add(1)
		if j.p.sending.Err() == nil {
			s.fail(fmt.Errorf("publisher %d: sending: %w", pub.index, err))
		}
		return late, 0
	}
	pub.acknowledged(j.p, m, at, end)
	return late, max(end-begin, 1)
}

func (pub *publisher) acknowledged(p *part, m transports.Message, at transports.Cursor, when time.Duration) {
	pub.record.Acknowledged(m, at)
	pub.s.topics[pub.topic].reached(at.Offset)
	p.acked[pub.topic].Add(1)
	p.happened(when)
}
