package transporttest

import (
	"fmt"
	"strings"
	"time"

	"transportlab/transports"
)

func resume(w *world) {
	ms := w.store("t", "m", 50)
	for _, at := range []int{0, 1, 25, 49, 50} {
		after := transports.Cursor{}
		if at > 0 {
			after = ms[at-1].Cursor
		}
		w.expect(w.dial("t", after), ms[at:]...)
	}
	before := transports.Cursor{Epoch: ms[0].Epoch}
	w.expect(w.dial("t", before), ms...)

	waiting := w.dial("t", ms[49].Cursor)
	for i := range 5 {
		w.expect(waiting, w.store("t", fmt.Sprint("later", i), 1)...)
	}
}

// seams publishes at moments that drift through everything that a receiver does (RFC 6202, section 2.2:
// the gap between two polls).
func seams(w *world) {
	const n = 120
	c := w.dial("t", transports.Cursor{})
	s, p := w.judge.Subscriber("s", "t", transports.Cursor{}), w.judge.Publisher("p", "t")
	wg := w.group()
	wg.Go(func() {
		received := 0
		w.follow(c, s, func(transports.Message) bool { received++; return received == n })
	})
	for i := range n {
		m := text("m", i)
		p.Sent(m)
		at, err := w.nodes[0].log.Append(w.ctx, "t", m)
		if err != nil {
			w.fatal("the log did not take message %d: %v", i, err)
		}
		p.Acknowledged(m, at)
		time.Sleep(time.Duration(i*37%101) * 20 * time.Microsecond)
	}
	wg.Wait()
	w.judged()
}

func trimmed(w *world) {
	ms := w.store("t", "m", 50)
	epoch := ms[0].Epoch
	after := ms[4].Cursor
	c := w.dial("t", after)
	gap := w.expectGap(c)
	if want := (transports.GapError{After: after, Epoch: epoch, First: 41, Last: 50}); *gap != want {
		w.broke("the gap is %+v, want %+v", *gap, want)
	}
	w.expect(c, ms[40:]...)
	w.expect(c, w.send(c, text("later", 0)))

	w.expect(w.dial("t", transports.Cursor{}), ms[41:]...) // from the oldest that is held, one less by now
}

func ahead(w *world) {
	for i, wrong := range []transports.Cursor{{Offset: 9}, {Offset: 1<<64 - 1}, {Epoch: "other", Offset: 2}, {Epoch: "other"}} {
		topic := fmt.Sprint("t", i)
		ms := w.store(topic, "m", 3)
		epoch := ms[0].Epoch
		if wrong.Epoch == "" {
			wrong.Epoch = epoch
			ms = nil // nothing that the log holds is news to a cursor ahead of it
		}
		c := w.dial(topic, wrong)
		gap := w.expectGap(c)
		if want := (transports.GapError{After: wrong, Epoch: epoch, First: 1, Last: 3}); *gap != want {
			w.broke("at %s the gap is %+v, want %+v", wrong, *gap, want)
		}
		ms = append(ms, w.send(c, text("later", 0)))
		w.expect(c, ms...)
	}
}

func newEpoch(w *world) {
	c, other := w.dial("t", transports.Cursor{}), w.dial("t", transports.Cursor{})
	first := w.send(c, text("m", 1))
	w.expect(c, first)
	w.expect(other, first)
	wg := w.group()
	for _, conn := range []transports.Conn{c, other} {
		wg.Go(func() { // one waits already, or not yet: both must learn of it
			m, err := conn.Recv(w.ctx)
			gap, ok := err.(*transports.GapError)
			if !ok || gap.After != first.Cursor || gap.Epoch == first.Epoch || gap.First != 1 {
				w.broke("Recv returned %s, %v; want the gap between the epochs", describe(m), err)
			}
		})
	}
	w.mem.Forget("t")
	wg.Wait()
	later := w.send(c, text("m", 2))
	if later.Epoch == first.Epoch || later.Offset != 1 {
		w.broke("the first message of the new epoch stands at %s", later.Cursor)
	}
	w.expect(c, later)
	w.expect(other, later)
}

func slowReader(w *world) {
	const n = 60
	slow, quick := w.dial("t", transports.Cursor{}), w.dial("t", transports.Cursor{})
	w.expect(slow, w.store("t", "first", 1)...) // it is being served, and then does not come back
	w.receive(quick)
	var sent []transports.Message
	for i := range n {
		m := text("m", i)
		m.Data = []byte(strings.Repeat("x", 14<<10))
		sent = append(sent, w.send(quick, m))
		w.expect(quick, sent[i])
	}
	last := w.send(slow, text("slow", 1)) // and what it sends does not wait for it either
	w.expect(slow, append(sent, last)...)
}

func outrunReader(w *world) {
	const n = 2000
	c := w.dial("t", transports.Cursor{})
	s := w.judge.Subscriber("s", "t", transports.Cursor{})
	first := w.store("t", "first", 1)
	w.expect(c, first...)
	s.Received(first[0])
	p := w.judge.Publisher("p", "t")
	p.Acknowledged(first[0], first[0].Cursor)
	var last transports.Cursor
	for i := range n { // a log of 50 runs away from whoever does not read
		m := text("m", i)
		m.Data = []byte(strings.Repeat("x", 2<<10))
		at, err := w.nodes[0].log.Append(w.ctx, "t", m)
		if err != nil {
			w.fatal("the log did not take message %d: %v", i, err)
		}
		p.Acknowledged(m, at)
		last = at
	}
	w.follow(c, s, func(m transports.Message) bool { return m.Cursor == last })
	w.judged()
}
