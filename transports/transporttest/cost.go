package transporttest

import (
	"runtime"
	"strings"
	"time"

	"transportlab/transports"
)

func leaks(w *world) {
	use := func(i int) {
		c, err := w.arm.Dial(w.ctx, w.target("t", transports.Cursor{}))
		if err != nil {
			w.broke("Dial: %v", err)
			return
		}
		defer c.Close()
		if i%3 == 0 {
			return // never used
		}
		if _, err := c.Send(w.ctx, text("leak", i)); err != nil {
			w.broke("Send: %v", err)
		}
		if i%3 == 1 {
			return // never received on
		}
		if _, err := c.Recv(w.ctx); err != nil {
			w.broke("Recv: %v", err)
		}
	}
	quiet := func() {
		if w.client != nil {
			w.client.Close()
			w.eventually(func() bool { return w.nodes[0].http.Live() == 0 }, "the server counts connections that have gone")
		}
	}
	for i := range 3 { // what starts once starts here
		use(i)
	}
	quiet()
	before := runtime.NumGoroutine()
	wg := w.group()
	for i := range 24 {
		wg.Go(func() { use(i) })
	}
	wg.Wait()
	quiet()
	deadline := time.Now().Add(w.k.patience / 2)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 8<<10)
			stacks = stacks[:runtime.Stack(stacks, true)]
			w.fatal("%d goroutines before, %d after 24 connections were closed:\n%s", before, runtime.NumGoroutine(), stacks)
		}
		time.Sleep(time.Millisecond)
	}
}

func connections(w *world) {
	c := w.dial("t", transports.Cursor{})
	w.expect(c, w.send(c, text("m", 0)))
	before := w.client.Meter().Snapshot().Opened // a transport may have begun on another than it has come to
	for i := range 20 {
		w.expect(c, w.send(c, text("m", i+1)))
	}
	most := int64(1)
	if strings.HasPrefix(w.carrier, "h2") {
		most = 0
	}
	if opened := w.client.Meter().Snapshot().Opened - before; opened > most {
		w.broke("20 more messages there and back took %d more connections, want %d", opened, most)
	}
}

// traffic is what the client has sent and received.
func (w *world) traffic() int64 {
	s := w.client.Meter().Snapshot()
	return s.Up.Wire + s.Down.Wire
}

func quiet(w *world) {
	c := w.dial("t", transports.Cursor{})
	w.expect(c, w.send(c, text("m", 0)))
	wg := w.group()
	wg.Go(func() {
		if m, err := c.Recv(w.ctx); err != nil || m.ID != text("m", 1).ID {
			w.broke("after the silence came %s, %v", describe(m), err)
		}
	})
	const silence = 100 * time.Millisecond // far below the heartbeat, far above any interval of the kit
	for before := w.traffic(); ; {
		select {
		case <-time.After(silence):
		case <-w.ctx.Done():
			w.fatal("there never were %v without a byte", silence)
		}
		now := w.traffic()
		if now == before {
			break
		}
		before = now
	}
	w.store("t", "m", 2) // the first of them has been sent before, under the same ID
	wg.Wait()
}

func heartbeat(w *world) {
	c := w.dial("t", transports.Cursor{})
	w.expect(c, w.send(c, text("m", 0)))
	wg := w.group()
	wg.Go(func() {
		if m, err := c.Recv(w.ctx); err != nil || m.ID != text("m", 1).ID {
			w.broke("between heartbeats came %s, %v", describe(m), err)
		}
	})
	for range 5 {
		before := w.client.Meter().Snapshot().Down.Wire
		w.eventually(func() bool { return w.client.Meter().Snapshot().Down.Wire > before }, "no byte came for as long as the kit waits")
	}
	w.store("t", "m", 2)
	wg.Wait()
}
