package engineio

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	interval = 25 * time.Second
	timeout  = 20 * time.Second
)

// at checks how much fake time has passed.
func at(t *testing.T, start time.Time, want time.Duration, what string) {
	t.Helper()
	if d := time.Since(start); d < want || d > want+time.Second {
		t.Errorf("%s after %v, want %v", what, d, want)
	}
}

func TestPingsComeAtTheirInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		c := w.live()
		for range 3 {
			start := time.Now()
			w.expect(c, "2")
			at(t, start, interval, "ping")
			w.send(c, "3")
		}
	})
}

func TestMissingPongEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		c := w.live()
		w.expect(c, "2")
		start := time.Now()
		if code := w.expectEnd(c); code != closeSilent {
			t.Errorf("close code %d", code)
		}
		at(t, start, timeout, "end")
		if got := w.reasons(1); got[0] != ReasonPingTimeout {
			t.Errorf("reason %q", got)
		}
	})
}

func TestMissingPongEndsAPollingSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		live := w.poll()
		start := time.Now()
		if a := w.do("GET", live, ""); a.body != "2" {
			t.Errorf("%+v", a)
		}
		at(t, start, interval, "ping")
		if a := w.do("GET", live, ""); a.body != "1" {
			t.Errorf("%+v", a)
		}
		at(t, start, interval+timeout, "end")
		if got := w.reasons(1); got[0] != ReasonPingTimeout {
			t.Errorf("reason %q", got)
		}
	})
}

// The first other packet after a ping gives the pong its time again, the second does not.
func TestOtherPacketsExtendThePongOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		c := w.live()
		for range 2 { // a new ping may be extended anew
			w.expect(c, "2")
			time.Sleep(15 * time.Second)
			w.send(c, "4uploading")
			w.expect(c, "4uploading")
			time.Sleep(15 * time.Second)
			w.send(c, "3")
		}
		w.expect(c, "2")
		start := time.Now()
		time.Sleep(15 * time.Second)
		w.send(c, "4once")
		w.expect(c, "4once")
		time.Sleep(15 * time.Second)
		w.send(c, "4twice")
		w.expect(c, "4twice")
		w.expectEnd(c)
		at(t, start, 35*time.Second, "end")
	})
}

func TestStrayPongsDoNotPostponeThePing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		c := w.live()
		start := time.Now()
		time.Sleep(20 * time.Second)
		w.send(c, "3")
		w.expect(c, "2")
		at(t, start, interval, "ping")
	})
}

// A handler that keeps the session from reading must not make it look silent.
func TestBusyHandlerIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		w.server.connect = func(s *Socket) Handler { return &slow{&echo{w, s}} }
		c := w.live()
		w.send(c, "4take your time")
		w.expect(c, "2")
		start := time.Now()
		w.expect(c, "4take your time")
		at(t, start, 2*time.Minute-interval, "answer")
		w.send(c, "3")
		w.expect(c, "2")
	})
}

type slow struct{ *echo }

func (s *slow) Message(data []byte, binary bool) error {
	time.Sleep(2 * time.Minute)
	return s.echo.Message(data, binary)
}

func TestHalfAMessageIsDroppedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		c := w.live()
		start := time.Now()
		out, err := c.Writer(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, "4"+strings.Repeat("never finished", 1000)); err != nil {
			t.Fatal(err)
		}
		w.expectEnd(c)
		at(t, start, 10*time.Second, "end")
		if got := w.reasons(1); got[0] != ReasonTransportError {
			t.Errorf("reason %q", got)
		}
	})
}

func TestHalfAPostIsDroppedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		live := w.poll()
		body, writer := io.Pipe()
		start := time.Now()
		answers := make(chan answer, 1)
		go func() { // ends with the answer
			a, _ := w.try(context.Background(), "POST", live, body)
			answers <- a
		}()
		if _, err := io.WriteString(writer, "4never"); err != nil {
			t.Fatal(err)
		}
		<-answers
		_ = writer.Close()
		at(t, start, 10*time.Second, "end")
		w.reasons(1)
	})
}

func TestClosedPollingSessionIsForgottenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{})
		w.poll()
		start := time.Now()
		w.open[0].Close()
		w.untilFake(func() bool { return len(w.closed) == 1 })
		at(t, start, closeGrace, "end")
		if w.server.Sessions() != 0 {
			t.Error("the session is still known")
		}
	})
}

// untilFake waits in fake time.
func (w *world) untilFake(cond func() bool) {
	for range 1000 {
		synctest.Wait()
		w.mu.Lock()
		ok := cond()
		w.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatal("waited in vain")
}
