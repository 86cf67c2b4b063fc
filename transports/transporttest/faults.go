package transporttest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"transportlab/transports"
)

// load publishes n messages and receives them, both through Redial, and calls disturb with the number
// received so far. The publisher is never far ahead, so that what happens happens to both.
func (w *world) load(n int, disturb func(received int)) {
	ahead := make(chan struct{}, 20)
	pub, sub := w.redial("t", transports.Cursor{}), w.redial("t", transports.Cursor{})
	s, p := w.judge.Subscriber("s", "t", transports.Cursor{}), w.judge.Publisher("p", "t")
	wg := w.group()
	wg.Go(func() {
		received := 0
		w.follow(sub, s, func(transports.Message) bool {
			received++
			disturb(received)
			select {
			case <-ahead:
			case <-w.ctx.Done(): // more came than was sent
			}
			return received == n
		})
	})
	for i := range n {
		select {
		case ahead <- struct{}{}:
		case <-w.ctx.Done():
			w.broke("only %d of %d messages came through", i, n)
			wg.Wait()
			return
		}
		m := text("p", i)
		p.Sent(m)
		at, err := pub.Send(w.ctx, m)
		if err != nil {
			w.broke("Send of %s: %v", m.ID, err)
			break
		}
		p.Acknowledged(m, at)
	}
	wg.Wait()
	w.judged()
}

func cutTen(w *world) {
	w.load(300, func(received int) {
		switch received % 90 {
		case 0:
			w.nodes[0].cut.Now()
		case 30:
			w.cut.Now()
		case 60:
			w.nodes[0].cut.HangUp()
		}
	})
}

func sliced(w *world) {
	c := w.dial("t", transports.Cursor{})
	for round, set := range []func(){
		func() { w.cut.Slice(1); w.nodes[0].cut.Slice(1) },
		func() { w.cut.Slice(7) },
		func() { w.cut.Slice(0); w.nodes[0].cut.Slice(0); w.cut.Merge(time.Millisecond) },
	} {
		set()
		var sent []transports.Message
		for i := range 5 {
			m := text("sliced", 10*round+i)
			if i == 3 {
				m.Data, m.Binary = everyByte(), true
			}
			sent = append(sent, w.send(c, m))
		}
		w.expect(c, sent...)
	}
}

func killed(w *world) {
	w.load(150, func(received int) {
		if received == 50 {
			w.reach(1)
			w.nodes[0].http.Close()
		}
	})
}

func twoNodes(w *world) {
	a := w.dial("t", transports.Cursor{})
	w.expect(a, w.send(a, text("a", 0)))
	w.reach(1)
	first := w.client
	w.client = w.newClient() // the other one's connections lead to the first node
	defer first.Close()
	b := w.dial("t", transports.Cursor{})
	w.receive(b)
	for i := range 20 {
		m := w.send(a, text("a", 2*i+1))
		w.expect(b, m)
		w.expect(a, m)
		m = w.send(b, text("b", 2*i))
		w.expect(a, m)
		w.expect(b, m)
	}
}

func drain(w *world) {
	const clients = 5
	m := w.store("t", "m", 1)[0]
	wg := w.group()
	var conns []transports.Conn
	for range clients {
		c := w.dial("t", transports.Cursor{})
		w.expect(c, m) // it is being served
		conns = append(conns, c)
		wg.Go(func() {
			if m, err := c.Recv(w.ctx); !errors.Is(err, transports.ErrDraining) {
				w.broke("a client's Recv returned %s, %v; want ErrDraining", describe(m), err)
			}
		})
	}
	late := w.dial("t", transports.Cursor{})
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	if err := w.nodes[0].server.Shutdown(ctx); err != nil {
		w.broke("Shutdown returned %v", err)
	}
	wg.Wait()
	for _, c := range conns {
		if m, err := c.Recv(w.ctx); !errors.Is(err, transports.ErrDraining) {
			w.broke("the connection went on: %s, %v", describe(m), err)
		}
	}
	if at, err := late.Send(w.ctx, text("late", 0)); !errors.Is(err, transports.ErrDraining) {
		w.broke("a Send behind Shutdown returned %s, %v; want ErrDraining", at, err)
	}
	c, err := w.arm.Dial(w.ctx, w.target("t", transports.Cursor{}))
	if err == nil {
		_, err = c.Recv(w.ctx)
		c.Close()
	}
	if !errors.Is(err, transports.ErrDraining) {
		w.broke("a new client got %v; want ErrDraining", err)
	}
}

func drainUnderLoad(w *world) {
	wg := w.group()
	w.load(150, func(received int) {
		if received == 50 {
			w.reach(1)
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
				defer cancel()
				if err := w.nodes[0].http.Shutdown(ctx); err != nil {
					w.broke("Shutdown under load returned %v", err)
				}
			})
		}
	})
	wg.Wait()
}

func unavailable(w *world) {
	stub := w.nodes[0].log.(*stubLog)
	c := w.dial("t", transports.Cursor{})
	w.expect(c, w.send(c, text("m", 0)))
	stub.fail(transports.ErrUnavailable)
	if at, err := c.Send(w.ctx, text("m", 1)); !errors.Is(err, transports.ErrUnavailable) {
		w.broke("Send returned %s, %v", at, err)
	}
	fresh, err := w.arm.Dial(w.ctx, w.target("t", transports.Cursor{}))
	if err == nil {
		_, err = fresh.Recv(w.ctx)
		fresh.Close()
	}
	if !errors.Is(err, transports.ErrUnavailable) {
		w.fatal("Dial and Recv returned %v", err)
	}

	stub.fail(transports.ErrUnavailable) // counts from nothing
	patient := w.redial("t", transports.Cursor{})
	wg := w.group()
	wg.Go(func() {
		if at, err := patient.Send(w.ctx, text("m", 1)); err != nil || at.Offset != 2 {
			w.broke("Send through Redial returned %s, %v", at, err)
		}
	})
	w.eventually(func() bool { return stub.failed() > 0 }, "Send never reached the log")
	stub.fail(nil)
	wg.Wait()
	w.receive(patient)
	if m := w.receive(patient); m.ID != text("m", 1).ID {
		w.broke("received %s", describe(m))
	}
}

// authorize has a world let in who says "good", unless it was said to be revoked.
func authorize(w *world) {
	w.policy.Authorize = func(r *http.Request, topic string) error {
		switch {
		case w.revoked.Load() || r.Header.Get("Authorization") == "":
			return transports.ErrUnauthorized
		case r.Header.Get("Authorization") != "good" || topic == "secret":
			return transports.ErrForbidden
		}
		return nil
	}
}

func unauthorized(w *world) {
	for _, tc := range []struct {
		topic, credentials string
		want               error
	}{{"t", "", transports.ErrUnauthorized}, {"t", "bad", transports.ErrForbidden}, {"secret", "good", transports.ErrForbidden}} {
		target := w.target(tc.topic, transports.Cursor{})
		if tc.credentials != "" {
			target.Header = http.Header{"Authorization": {tc.credentials}}
		}
		for name, call := range map[string]func(c transports.Conn) error{
			"Recv": func(c transports.Conn) error { _, err := c.Recv(w.ctx); return err },
			"Send": func(c transports.Conn) error { _, err := c.Send(w.ctx, text("m", 0)); return err },
		} {
			c, err := w.arm.Dial(w.ctx, target)
			if err == nil {
				err = call(c)
				c.Close()
			}
			if !errors.Is(err, tc.want) {
				w.broke("%s on %s with credentials %q: %v; want %v", name, tc.topic, tc.credentials, err, tc.want)
			}
			patient := transports.Redial(w.ctx, w.arm, target, transports.Backoff{Min: time.Millisecond})
			if err := call(patient); !errors.Is(err, tc.want) {
				w.broke("%s through Redial: %v; want %v, and no further try", name, err, tc.want)
			}
			patient.Close()
		}
	}
	target := w.target("t", transports.Cursor{})
	target.Header = http.Header{"Authorization": {"good"}}
	c := w.keep(transports.Redial(w.ctx, w.arm, target, transports.Backoff{Min: time.Millisecond}))
	w.expect(c, w.send(c, text("m", 0)))
	w.revoked.Store(true)
	w.cut.Now()
	if m, err := c.Recv(w.ctx); !errors.Is(err, transports.ErrUnauthorized) {
		w.broke("who resumes with credentials that were revoked gets %s, %v", describe(m), err)
	}
}
