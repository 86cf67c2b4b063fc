package engineio

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestCloseSendsWhatIsQueuedFirst(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.live()
	for range 100 {
		if err := w.open[0].Send(NewMessage([]byte("x"), false)); err != nil {
			t.Fatal(err)
		}
	}
	w.open[0].Close()
	for range 100 {
		w.expect(c, "4x")
	}
	if code := w.expectEnd(c); code != websocket.StatusNormalClosure {
		t.Errorf("close code %d", code)
	}
	if got := w.reasons(1); got[0] != ReasonForcedClose {
		t.Errorf("reason %q", got)
	}
}

func TestCloseDoesNotWaitForAClientThatSaysNothing(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.raw()
	w.until("the session", func() bool { return len(w.open) == 1 })
	w.open[0].Close()
	if got := c.rest(t); !strings.HasSuffix(got, "\x88\x0e\x03\xe8forced close") {
		t.Errorf("got %q", got)
	}
	w.server.Close() // waits for the connection too
}

func TestDrainTellsEveryClient(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.live()
	live := w.poll()
	parked := w.park(live)
	ended := make(chan websocket.StatusCode, 1)
	go func() { // ends with the connection
		_, _, err := c.Read(context.Background())
		ended <- websocket.CloseStatus(err)
	}()
	if err := w.server.Drain(t.Context(), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != websocket.StatusGoingAway {
		t.Errorf("close code %d", code)
	}
	if a := <-parked; a.body != "1" {
		t.Errorf("poll: %+v", a)
	}
	if a := w.do("GET", polls, ""); a.status != 503 {
		t.Errorf("handshake after Drain: %+v", a)
	}
	for _, reason := range w.reasons(2) {
		if reason != ReasonShutdown {
			t.Errorf("reason %q", reason)
		}
	}
}

func TestDrainCutsThoseWhoDoNotGo(t *testing.T) {
	w := onNetwork(t, Options{})
	w.poll() // and never comes to hear that it is over
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.server.Drain(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	w.reasons(1)
}

func TestAPollingClientThatGoesDuringCloseIsNotWaitedFor(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	w.open[0].Close() // without a poll to tell it
	if a := w.do("POST", live, "1"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	if got := w.reasons(1); got[0] != ReasonForcedClose {
		t.Errorf("reason %q", got)
	}
}
