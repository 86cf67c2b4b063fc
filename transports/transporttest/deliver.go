package transporttest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"transportlab/transports"
)

func echo(w *world) {
	c := w.dial("t", transports.Cursor{})
	for i := range 20 {
		sent := w.send(c, text("echo", i))
		if sent.Offset != uint64(i)+1 || sent.Epoch == "" {
			w.fatal("message %d of a new topic was stored at %q", i+1, sent.Cursor)
		}
		w.expect(c, sent)
	}
	m := w.send(c, transports.Message{Data: []byte("without an ID")})
	if got := w.receive(c); got.ID == "" || got.Cursor != m.Cursor {
		w.broke("a message without an ID came back as %s", describe(got))
	}
}

func fanOut(w *world) {
	const subscribers, publishers, each = 8, 4, 25
	wg := w.group()
	for i := range subscribers {
		c := w.dial("t", transports.Cursor{})
		s := w.judge.Subscriber(fmt.Sprint("s", i), "t", transports.Cursor{})
		wg.Go(func() {
			n := 0
			next := map[string]int{} // of each publisher
			w.follow(c, s, func(m transports.Message) bool {
				name, _, _ := strings.Cut(m.ID, "-")
				if want := fmt.Sprintf("%s-%d", name, next[name]); m.ID != want {
					w.broke("%s came where that publisher's next is %s", describe(m), want)
				}
				next[name]++
				n++
				return n == publishers*each
			})
		})
	}
	for i := range publishers {
		c := w.dial("t", transports.Cursor{})
		wg.Go(func() { w.publish(c, "t", fmt.Sprint("p", i), each) })
	}
	wg.Wait()
	w.judged()
}

func duplex(w *world) {
	const senders, each = 8, 20
	c := w.dial("t", transports.Cursor{})
	s := w.judge.Subscriber("s", "t", transports.Cursor{})
	wg := w.group()
	wg.Go(func() {
		n := 0
		w.follow(c, s, func(transports.Message) bool { n++; return n == senders*each })
	})
	for i := range senders {
		wg.Go(func() { w.publish(c, "t", fmt.Sprint("p", i), each) })
	}
	wg.Wait()
	w.judged()
}

// everyByte is not text, and holds what framings are made of.
func everyByte() []byte {
	p := make([]byte, 256)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}

func bodies(w *world) {
	c := w.dial("t", transports.Cursor{})
	texts := []string{
		"", " ", "\n", "\r", "\r\n", "a\nb", "\n\n\n", "data: x\n\nid: 9\n\n", ": comment", "\x00", "a\x00b", "\u2028\u2029", "😀𝔘 é e\u0301",
		`"quoted" \ back`, "</script><!--", "\x1e", "{", "[1]", "null", "\ufeffbom", "\x7f\x01\x1b[31m", strings.Repeat("é", 4000),
	}
	var sent []transports.Message
	add := func(m transports.Message) {
		m.ID = fmt.Sprint("body-", len(sent))
		sent = append(sent, w.send(c, m))
	}
	for _, s := range texts {
		add(transports.Message{Data: []byte(s)})
	}
	for _, p := range [][]byte{everyByte(), {}, {0xff}, {0}, []byte("text that is marked as binary"), []byte("\xc3\x28")} {
		add(transports.Message{Data: p, Binary: true})
		add(transports.Message{Data: []byte("text between")})
	}
	var got []transports.Message
	for range sent {
		got = append(got, w.receive(c))
	}
	for i := range sent { // when all have come: no buffer may be used twice
		w.same(got[i], sent[i])
	}
	again := w.dial("t", transports.Cursor{}) // now they come together
	w.expect(again, sent...)
}

func batches(w *world) {
	ms := w.store("t", "m", 3*w.options.Batch+1)
	w.expect(w.dial("t", transports.Cursor{}), ms...)
}

func topics(w *world) {
	a, b := w.dial("a", transports.Cursor{}), w.dial("b.c:d-e_f", transports.Cursor{})
	for i := range 5 {
		ma, mb := w.send(a, text("a", i)), w.send(b, text("b", i))
		w.expect(b, mb)
		w.expect(a, ma)
	}
}

func size(w *world) {
	c := w.dial("t", transports.Cursor{})
	most := w.options.MaxMessage
	for i, fill := range []string{"x", "\x00", "\"", "\n"} { // escapes grow on the wire, not in size
		for j, binary := range []bool{false, true} {
			whole := transports.Message{ID: fmt.Sprint("whole-", i, "-", j), Data: []byte(strings.Repeat(fill, most)), Binary: binary}
			w.expect(c, w.send(c, whole))
			over := transports.Message{ID: fmt.Sprint("over-", i, "-", j), Data: append(whole.Data, 'x'), Binary: binary}
			if at, err := c.Send(w.ctx, over); !errors.Is(err, transports.ErrTooLarge) {
				w.fatal("a message of %d bytes, where %d are allowed: %s, %v; want ErrTooLarge", most+1, most, at, err)
			}
		}
	}
	w.expect(c, w.send(c, text("after", 0)))
}

func malformed(w *world) {
	for name, m := range map[string]transports.Message{
		"text that is not UTF-8":    {ID: "utf8", Data: []byte("a\xffb")},
		"half a surrogate":          {ID: "surrogate", Data: []byte("\xed\xa0\x80")},
		"an ID with a space":        {ID: "a b", Data: []byte("x")},
		"an ID with a quote":        {ID: `a"b`, Data: []byte("x")},
		"an ID of two lines":        {ID: "a\nb", Data: []byte("x")},
		"an ID of 129 bytes":        {ID: strings.Repeat("i", 129), Data: []byte("x")},
		"an ID that is not ASCII":   {ID: "é", Data: []byte("x")},
		"an ID of one control":      {ID: "\x00", Data: []byte("x")},
		"binary data, but a bad ID": {ID: " ", Data: everyByte(), Binary: true},
	} {
		c := w.dial("t", transports.Cursor{})
		if at, err := c.Send(w.ctx, m); !errors.Is(err, transports.ErrUTF8) && !errors.Is(err, transports.ErrMalformed) {
			w.broke("%s: %s, %v; want ErrUTF8 or ErrMalformed", name, at, err)
		}
	}
	if ms, err := w.nodes[0].log.Read(w.ctx, "t", transports.Cursor{}, 10); err != nil || len(ms) > 0 {
		w.broke("%d of them were stored (%v)", len(ms), err)
	}
}

func retry(w *world) {
	c := w.dial("t", transports.Cursor{})
	first := w.send(c, text("retry", 1))
	second := w.send(c, text("retry", 2))
	other := w.dial("t", transports.Cursor{})
	for _, conn := range []transports.Conn{c, other} {
		if again := w.send(conn, text("retry", 1)); again.Cursor != first.Cursor {
			w.fatal("a message sent again was stored at %s; it stands at %s", again.Cursor, first.Cursor)
		}
	}
	wg := w.group()
	var at [6]atomic.Uint64
	for i := range at {
		wg.Go(func() {
			conn := c
			if i%2 > 0 {
				conn = other
			}
			if cursor, err := conn.Send(w.ctx, text("retry", 3)); err != nil {
				w.broke("Send at the same time as others: %v", err)
			} else {
				at[i].Store(cursor.Offset)
			}
		})
	}
	wg.Wait()
	for i := range at {
		if at[i].Load() != second.Offset+1 {
			w.broke("a message sent %d times at once was stored at %d and %d", len(at), second.Offset+1, at[i].Load())
		}
	}
	last := w.send(c, text("retry", 4))
	third := text("retry", 3)
	third.Cursor = transports.Cursor{Epoch: first.Epoch, Offset: 3}
	w.expect(c, first, second, third, last)
}

func conflict(w *world) {
	c := w.dial("t", transports.Cursor{})
	first := w.send(c, text("x", 1))
	for _, m := range []transports.Message{{ID: first.ID, Data: []byte("other")}, {ID: first.ID, Data: first.Data, Binary: true}} {
		if at, err := c.Send(w.ctx, m); !errors.Is(err, transports.ErrConflict) {
			w.fatal("an ID used again with other data: %s, %v; want ErrConflict", at, err)
		}
	}
	w.expect(c, first, w.send(c, text("x", 2)))
}
