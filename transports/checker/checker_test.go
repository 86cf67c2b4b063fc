package checker_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"transportlab/transports"
	"transportlab/transports/checker"
)

func message(epoch string, offset uint64) transports.Message {
	return transports.Message{Cursor: transports.Cursor{Epoch: epoch, Offset: offset}, ID: fmt.Sprintf("id-%s-%d", epoch, offset), Data: fmt.Appendf(nil, "data %d", offset)}
}

// run publishes n messages and gives them to a subscriber through change, which may break a promise.
func run(n uint64, change func(deliver func(transports.Message), m transports.Message)) *checker.Checker {
	c := checker.New(checker.Options{Whole: true})
	p, s := c.Publisher("p", "t"), c.Subscriber("s", "t", transports.Cursor{})
	for k := uint64(1); k <= n; k++ {
		m := message("e", k)
		p.Sent(m)
		p.Acknowledged(m, m.Cursor)
		change(s.Received, m)
	}
	return c
}

func TestFaithfulRunBreaksNothing(t *testing.T) {
	c := run(10_000, func(deliver func(transports.Message), m transports.Message) { deliver(m) })
	if v := c.Check(); len(v) > 0 {
		t.Errorf("violations: %v", v)
	}
	if got, want := c.Counts(), (checker.Counts{Sent: 10_000, Acknowledged: 10_000, Delivered: 10_000}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if !c.Settled() {
		t.Error("not settled though everything arrived")
	}
}

func TestEachFaultIsCountedExactly(t *testing.T) {
	var held *transports.Message
	for name, tc := range map[string]struct {
		change func(func(transports.Message), transports.Message)
		want   checker.Counts
		rules  []int
	}{
		"one lost in 1000": {func(deliver func(transports.Message), m transports.Message) {
			if m.Offset%1000 != 500 {
				deliver(m)
			}
		}, checker.Counts{Delivered: 9990, Lost: 10}, []int{3}},
		"one repeated in 1000": {func(deliver func(transports.Message), m transports.Message) {
			deliver(m)
			if m.Offset%1000 == 500 {
				deliver(m)
			}
		}, checker.Counts{Delivered: 10_000, Repeated: 10}, nil},
		"neighbours swapped in 1000": {func(deliver func(transports.Message), m transports.Message) {
			if m.Offset%1000 == 500 {
				held = &m
				return
			}
			deliver(m)
			if held != nil {
				deliver(*held)
				held = nil
			}
		}, checker.Counts{Delivered: 10_000, Reordered: 10}, []int{2, 3}},
		"the last two lost": {func(deliver func(transports.Message), m transports.Message) {
			if m.Offset <= 9998 {
				deliver(m)
			}
		}, checker.Counts{Delivered: 9998, Lost: 2}, []int{7}},
		"the first lost": {func(deliver func(transports.Message), m transports.Message) {
			if m.Offset > 1 {
				deliver(m)
			}
		}, checker.Counts{Delivered: 9999, Lost: 1}, []int{3}},
		"one changed": {func(deliver func(transports.Message), m transports.Message) {
			if m.Offset == 77 {
				m.Data = []byte("other")
			}
			deliver(m)
		}, checker.Counts{Delivered: 10_000}, []int{4}},
		"one of another kind": {func(deliver func(transports.Message), m transports.Message) {
			m.Binary = m.Offset == 77
			deliver(m)
		}, checker.Counts{Delivered: 10_000}, []int{4}},
	} {
		t.Run(name, func(t *testing.T) {
			c := run(10_000, tc.change)
			tc.want.Sent, tc.want.Acknowledged = 10_000, 10_000
			if got := c.Counts(); got != tc.want {
				t.Errorf("counted %+v, want %+v", got, tc.want)
			}
			var rules []int
			for _, v := range c.Check() {
				rules = append(rules, v.Rule)
			}
			if got := slices.Compact(rules); !slices.Equal(got, tc.rules) {
				t.Errorf("broken rules %v, want %v: %v", got, tc.rules, c.Check())
			}
		})
	}
}

func TestGapsAndEpochs(t *testing.T) {
	gap := func(after transports.Cursor, epoch string, first, last uint64) *transports.GapError {
		return &transports.GapError{After: after, Epoch: epoch, First: first, Last: last}
	}
	at := message("e", 3).Cursor
	for name, tc := range map[string]struct {
		play func(s *checker.Subscriber)
		rule int // 0: none
	}{
		"a reported gap covers a hole":     {func(s *checker.Subscriber) { s.Gap(gap(at, "e", 6, 8)); s.Received(message("e", 6)) }, 0},
		"a gap that ends too early":        {func(s *checker.Subscriber) { s.Gap(gap(at, "e", 5, 8)); s.Received(message("e", 6)) }, 3},
		"a gap backwards":                  {func(s *checker.Subscriber) { s.Gap(gap(at, "e", 2, 8)) }, 3},
		"an epoch change that is reported": {func(s *checker.Subscriber) { s.Gap(gap(at, "f", 1, 0)); s.Received(message("f", 1)) }, 0},
		"an epoch change in silence":       {func(s *checker.Subscriber) { s.Received(message("f", 1)) }, 3},
		"the log fell back":                {func(s *checker.Subscriber) { s.Gap(gap(at, "e", 1, 2)); s.Received(message("e", 3)) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := checker.New(checker.Options{})
			s := c.Subscriber("s", "t", message("e", 1).Cursor)
			s.Received(message("e", 2))
			s.Received(message("e", 3))
			tc.play(s)
			s.Done()
			v := c.Check()
			if tc.rule == 0 && len(v) > 0 || tc.rule > 0 && (len(v) == 0 || v[0].Rule != tc.rule) {
				t.Errorf("violations %v, want rule %d", v, tc.rule)
			}
		})
	}
}

func TestPublishersPromises(t *testing.T) {
	for name, tc := range map[string]struct {
		play func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber)
		rule int
	}{
		"two messages at one offset": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			a, b := message("e", 1), message("e", 2)
			p.Acknowledged(a, a.Cursor)
			p.Acknowledged(b, a.Cursor)
		}, 1},
		"no position": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			p.Acknowledged(message("e", 1), transports.Cursor{})
		}, 1},
		"one ID at two offsets": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			p.Acknowledged(message("e", 1), message("e", 1).Cursor)
			p.Acknowledged(message("e", 1), message("e", 2).Cursor)
		}, 5},
		"an unacknowledged message twice": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			m := message("e", 1)
			p.Sent(m)
			s.Received(m)
			m.Offset = 2
			s.Received(m)
		}, 6},
		"an unacknowledged message changed": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			m := message("e", 1)
			p.Sent(m)
			m.Data = []byte("other")
			s.Received(m)
		}, 4},
		"an acknowledged offset that nobody fills": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			for _, k := range []uint64{1, 2, 5} {
				p.Acknowledged(message("e", k), message("e", k).Cursor)
			}
			s.Done()
		}, 1},
		"resources that stay": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			c.Resource("goroutines", 10, 20, 2)
		}, 8},
		"an unacknowledged message once": {func(c *checker.Checker, p *checker.Publisher, s *checker.Subscriber) {
			p.Sent(message("e", 1))
			s.Received(message("e", 1))
			p.Sent(message("e", 2))
			c.Resource("goroutines", 10, 12, 2)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := checker.New(checker.Options{})
			tc.play(c, c.Publisher("p", "t"), c.Subscriber("s", "t", transports.Cursor{}))
			v := c.Check()
			if tc.rule == 0 && len(v) > 0 || tc.rule > 0 && (len(v) == 0 || v[0].Rule != tc.rule) {
				t.Errorf("violations %v, want rule %d", v, tc.rule)
			}
		})
	}
}

func TestViolationsAreSentencesAndBounded(t *testing.T) {
	c := run(10_000, func(deliver func(transports.Message), m transports.Message) {
		if m.Offset%2 == 0 {
			deliver(m)
		}
	})
	v := c.Check()
	if len(v) > 20 {
		t.Errorf("%d sentences", len(v))
	}
	if got := v[0].String(); !strings.Contains(got, "topic t: subscriber s: after 0 came 2") {
		t.Errorf("first: %s", got)
	}
	if c.Counts().Lost != 5000 {
		t.Errorf("lost %d, want 5000", c.Counts().Lost)
	}
}

func TestMemoryIsAWindow(t *testing.T) {
	c := checker.New(checker.Options{Window: 1024})
	p, slow := c.Publisher("p", "t"), c.Subscriber("slow", "t", transports.Cursor{})
	for k := uint64(1); k <= 5000; k++ {
		m := message("e", k)
		p.Acknowledged(m, m.Cursor)
	}
	for k := uint64(1); k <= 5000; k++ {
		slow.Received(message("e", k))
	}
	if v, n := c.Check(), c.Counts(); len(v) > 0 || n.Unchecked != 5000-1024 || n.Delivered != 5000 {
		t.Errorf("%v, %+v; want all delivered, and those before the window unchecked", v, n)
	}
}

func TestManyGoroutines(t *testing.T) {
	c := checker.New(checker.Options{Whole: true})
	const topics, subscribers, messages = 3, 8, 2000
	var wg sync.WaitGroup
	for i := range topics {
		name := fmt.Sprint("t", i)
		p := c.Publisher("p", name)
		wg.Go(func() {
			for k := uint64(1); k <= messages; k++ {
				p.Sent(message("e", k))
				p.Acknowledged(message("e", k), message("e", k).Cursor)
			}
		})
		for j := range subscribers {
			s := c.Subscriber(fmt.Sprint("s", j), name, transports.Cursor{})
			wg.Go(func() {
				for k := uint64(1); k <= messages; k++ {
					s.Received(message("e", k))
				}
			})
		}
	}
	wg.Wait()
	if v, n := c.Check(), c.Counts(); len(v) > 0 || n.Delivered != topics*subscribers*messages {
		t.Errorf("%v, %+v", v, n)
	}
}

func BenchmarkReceived(b *testing.B) {
	c := checker.New(checker.Options{})
	p := c.Publisher("p", "t")
	var subs []*checker.Subscriber
	for range 100 {
		subs = append(subs, c.Subscriber("s", "t", transports.Cursor{}))
	}
	m := transports.Message{ID: "0123456789abcdef", Data: make([]byte, 64)}
	m.Epoch = "e"
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			m.Offset++
			m.ID = fmt.Sprint(m.Offset)
			p.Sent(m)
			p.Acknowledged(m, m.Cursor)
		}
		subs[i%100].Received(m)
	}
}

func ExampleChecker() {
	c := checker.New(checker.Options{})
	p, s := c.Publisher("alice", "news"), c.Subscriber("bob", "news", transports.Cursor{})
	for k := uint64(1); k <= 3; k++ {
		m := message("e", k)
		p.Sent(m)
		p.Acknowledged(m, m.Cursor)
		if k != 2 {
			s.Received(m)
		}
	}
	for _, v := range c.Check() {
		fmt.Println(v)
	}
	// Output: rule 3: topic news: subscriber bob: after 1 came 3, and no gap was reported
}
