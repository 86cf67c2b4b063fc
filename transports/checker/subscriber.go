package checker

import (
	"sync"

	"transportlab/transports"
)

// mostMissing bounds the holes that a subscriber remembers, to tell what comes late from a repeat.
const mostMissing = 4096

// A Subscriber records what one subscriber of a topic receives. Its methods may be called
// concurrently with others', in the order of receipt among themselves.
type Subscriber struct {
	c    *Checker
	t    *topic
	name string

	mu      sync.Mutex
	at      transports.Cursor // the last message seen, or where it began
	began   bool              // at is a position: the next offset is known
	epoch   *epoch
	missing map[uint64]struct{} // passed over without a gap, in this epoch
	dropped int64               // missing in earlier epochs, or too many to remember
	done    bool
}

// Subscriber returns the record of a subscriber, called name in violations, that began to read behind
// the cursor after.
func (c *Checker) Subscriber(name, topicName string, after transports.Cursor) *Subscriber {
	s := &Subscriber{c: c, t: c.topic(topicName), name: name, at: after, began: !after.IsZero() || c.o.Whole, missing: map[uint64]struct{}{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribers = append(c.subscribers, s)
	return s
}

// Received records a message.
func (s *Subscriber) Received(m transports.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == nil || m.Epoch != s.epoch.name {
		s.enter(m.Epoch)
	}
	next := s.at.Offset + 1
	switch {
	case !s.began || m.Offset == next:
		s.at.Offset, s.began = m.Offset, true
		s.c.delivered.Add(1)
	case m.Offset > next:
		s.c.violate(3, "topic %s: subscriber %s: after %d came %d, and no gap was reported", s.t.name, s.name, s.at.Offset, m.Offset)
		for k := next; k < m.Offset; k++ {
			if len(s.missing) >= mostMissing {
				s.dropped += int64(m.Offset - k)
				break
			}
			s.missing[k] = struct{}{}
		}
		s.at.Offset = m.Offset
		s.c.delivered.Add(1)
	default:
		if _, late := s.missing[m.Offset]; !late {
			s.c.repeated.Add(1)
			break
		}
		delete(s.missing, m.Offset)
		s.c.reordered.Add(1)
		s.c.delivered.Add(1)
		s.c.violate(2, "topic %s: subscriber %s: %d came after %d", s.t.name, s.name, m.Offset, s.at.Offset)
	}
	id, sum := s.c.sum(&m)
	s.t.saw(s.epoch, m.Offset, id, sum, "subscriber "+s.name)
}

// enter begins another epoch; the subscriber is locked.
func (s *Subscriber) enter(name string) {
	if s.began && s.at.Epoch != "" && s.at.Epoch != name {
		s.c.violate(3, "topic %s: subscriber %s: the epoch changed from %s to %s, and no gap was reported", s.t.name, s.name, s.at.Epoch, name)
		s.at.Offset = 0
	}
	s.dropped += int64(len(s.missing))
	clear(s.missing)
	s.at.Epoch = name
	s.t.mu.Lock()
	s.epoch = s.t.epoch(name)
	s.t.mu.Unlock()
}

// Gap records that the subscriber was told of a gap and reads on behind it.
func (s *Subscriber) Gap(g *transports.GapError) {
	s.c.gaps.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	to := g.Resume()
	if s.began && s.epoch != nil && to.Epoch == s.epoch.name && to.Offset <= s.at.Offset && g.After.Offset <= g.Last {
		s.c.violate(3, "topic %s: subscriber %s: told at %d of a gap that ends at %d", s.t.name, s.name, s.at.Offset, to.Offset)
	}
	s.began, s.at = true, to
	if s.epoch == nil || s.epoch.name != to.Epoch {
		s.enter(to.Epoch)
	}
}

// Done records that the subscriber reads no more: it need not reach the end of the topic.
func (s *Subscriber) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
}

// behind returns the end of the topic, and whether the subscriber has still to reach it.
func (s *Subscriber) behind() (tail transports.Cursor, behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.mu.Lock()
	tail = s.t.tail
	s.t.mu.Unlock()
	return tail, !s.done && !tail.IsZero() && tail.Offset > 0 && (s.at.Epoch != tail.Epoch || s.at.Offset < tail.Offset)
}

// lost is the number of messages that it never got and was never told of.
func (s *Subscriber) lost() int64 {
	tail, behind := s.behind()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.dropped + int64(len(s.missing))
	if behind && s.at.Epoch == tail.Epoch {
		n += int64(tail.Offset - s.at.Offset)
	}
	return n
}

func (s *Subscriber) check(add func(rule int, format string, args ...any)) {
	if tail, behind := s.behind(); behind {
		s.mu.Lock()
		defer s.mu.Unlock()
		add(7, "topic %s: subscriber %s stopped at %s; the topic ends at %s", s.t.name, s.name, s.at, tail)
	}
}
