// Package checker judges from what publishers sent and subscribers received whether a transport kept
// its promises. It is fed while a run goes on, by any number of goroutines, in bounded memory: about
// 30 bytes for each of the last messages of a topic, whatever the number of subscribers.
//
// The rules:
//
//  1. an acknowledged offset belongs to one message, and offsets are contiguous within an epoch;
//  2. the offsets that a subscriber sees rise; exact repeats are counted and passed over;
//  3. an offset that a subscriber did not see is covered by a gap that it was told of;
//  4. a message is the same for all subscribers, and what its publisher sent;
//  5. one ID has one offset;
//  6. a message that was not acknowledged appears once or not at all;
//  7. at the end every connected subscriber has reached the end of its topic;
//  8. at the end resources are back where they began.
package checker

import (
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"transportlab/transports"
)

// mostViolations of one rule are kept as sentences; all are counted.
const mostViolations = 10

// Options bound a Checker. The zero value of a field is its default.
type Options struct {
	Window int  // messages remembered per topic, rounded up to a power of two; 262,144
	Whole  bool // nothing is trimmed: reading from the zero Cursor begins with offset 1
}

// A Violation is one broken promise.
type Violation struct {
	Rule int    // as numbered in the package comment
	Text string // a sentence that names topic, subscriber and offset
}

// String returns "rule 3: …".
func (v Violation) String() string { return fmt.Sprintf("rule %d: %s", v.Rule, v.Text) }

// Counts is the accounting of a run, in messages unless said otherwise.
type Counts struct {
	Sent         int64 `json:"sent"`
	Acknowledged int64 `json:"acknowledged"`
	Delivered    int64 `json:"delivered"` // to all subscribers together, repeats not counted
	Lost         int64 `json:"lost"`      // holes that no gap covered
	Repeated     int64 `json:"repeated"`
	Reordered    int64 `json:"reordered"` // came behind a later one
	Gaps         int64 `json:"gaps"`      // times that a gap was reported
	Unchecked    int64 `json:"unchecked"` // came after the window had passed them: order was checked, content not
}

// A Checker takes the records of a run. Use New; all methods may be called concurrently.
type Checker struct {
	o    Options
	seed maphash.Seed

	sent, acknowledged, delivered, repeated, reordered, gaps, unchecked atomic.Int64

	mu          sync.Mutex
	topics      map[string]*topic
	subscribers []*Subscriber
	violations  [9][]string // by rule; the first few
	broken      [9]int64    // by rule; all
}

// New returns a Checker without records.
func New(o Options) *Checker {
	if o.Window <= 0 {
		o.Window = 1 << 18
	}
	return &Checker{o: o, seed: maphash.MakeSeed(), topics: map[string]*topic{}}
}

func (c *Checker) violate(rule int, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken[rule]++
	if len(c.violations[rule]) < mostViolations {
		c.violations[rule] = append(c.violations[rule], fmt.Sprintf(format, args...))
	}
}

func (c *Checker) topic(name string) *topic {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.topics[name]
	if t == nil {
		t = &topic{c: c, name: name, epochs: map[string]*epoch{}, pending: map[uint64]uint64{}}
		c.topics[name] = t
	}
	return t
}

// sum is what messages are compared by.
func (c *Checker) sum(m *transports.Message) (id, sum uint64) {
	id = maphash.String(c.seed, m.ID)
	sum = maphash.Bytes(c.seed, m.Data) ^ id
	if m.Binary {
		sum = ^sum
	}
	return id, sum
}

// Resource records a measure that must be back where it began: rule 8. It may have grown by slack.
func (c *Checker) Resource(name string, before, after, slack int64) {
	if after > before+slack {
		c.violate(8, "%s: %d at the beginning, %d at the end", name, before, after)
	}
}

// Settled tells whether every subscriber that is not done has reached the end of its topic.
func (c *Checker) Settled() bool {
	for _, s := range c.all() {
		if _, behind := s.behind(); behind {
			return false
		}
	}
	return true
}

func (c *Checker) all() []*Subscriber {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.subscribers)
}

// Check returns what was broken so far, by rule. Call it when the run has ended: what is under way
// is missing then (rules 1, 3 and 7).
func (c *Checker) Check() []Violation {
	var ending []Violation
	add := func(rule int, format string, args ...any) {
		ending = append(ending, Violation{rule, fmt.Sprintf(format, args...)})
	}
	for _, s := range c.all() {
		s.check(add)
	}
	c.mu.Lock()
	topics := slices.Collect(maps.Values(c.topics))
	c.mu.Unlock()
	for _, t := range topics { // a topic's lock is taken before c's, never after
		t.check(add)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Violation
	for rule, texts := range c.violations {
		for _, text := range texts {
			list = append(list, Violation{rule, text})
		}
		if more := c.broken[rule] - int64(len(texts)); more > 0 {
			list = append(list, Violation{rule, fmt.Sprintf("and %d more of this rule", more)})
		}
	}
	list = append(list, ending...)
	slices.SortStableFunc(list, func(a, b Violation) int { return a.Rule - b.Rule })
	return list
}

// Counts returns the accounting so far.
func (c *Checker) Counts() Counts {
	n := Counts{
		Sent: c.sent.Load(), Acknowledged: c.acknowledged.Load(), Delivered: c.delivered.Load(),
		Repeated: c.repeated.Load(), Reordered: c.reordered.Load(), Gaps: c.gaps.Load(), Unchecked: c.unchecked.Load(),
	}
	for _, s := range c.all() {
		n.Lost += s.lost()
	}
	return n
}
