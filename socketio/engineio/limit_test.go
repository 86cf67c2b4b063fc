package engineio

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

func TestMeterAdmitsASecondAtOnceAndTheRateInTheLongRun(t *testing.T) {
	var m meter
	count := func(now time.Duration) (n int) {
		for range 100 {
			if m.allow(now, 10) {
				n++
			}
		}
		return n
	}
	for i, c := range []struct {
		now  time.Duration
		want int
	}{{0, 10}, {0, 0}, {99 * time.Millisecond, 0}, {100 * time.Millisecond, 1}, {time.Second, 9}, {time.Hour, 10}} {
		if got := count(c.now); got != c.want {
			t.Errorf("step %d at %v: %d admitted, want %d", i, c.now, got, c.want)
		}
	}
}

func TestAddressMeterRemembersABoundedNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAddressMeter(1)
		for i := range addressLimit {
			if !a.allow(fmt.Sprint(i)) {
				t.Fatalf("address %d is refused", i)
			}
		}
		if a.allow("one more") || a.allow("0") {
			t.Error("admitted beyond the limits")
		}
		time.Sleep(2 * time.Second)
		if !a.allow("one more") || len(a.meters) != 1 {
			t.Errorf("%d addresses are remembered", len(a.meters))
		}
	})
}

func TestPeerAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:99": "192.0.2.1", "[::ffff:192.0.2.1]:99": "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::/64", "[fe80::1%eth0]:99": "fe80::/64", "pipe": "pipe",
	} {
		if got := peerAddress(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

func TestTooManyMessagesEndTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{MessageRate: 5})
		c := w.live()
		for range 2 {
			for range 5 {
				w.send(c, "4x")
				w.expect(c, "4x")
			}
			time.Sleep(time.Second)
		}
		for range 6 {
			w.send(c, "4x")
		}
		if code := w.expectEnd(c); code != websocket.StatusPolicyViolation {
			t.Errorf("close code %d", code)
		}
		if got := w.reasons(1); got[0] != ReasonRateLimit || !errors.Is(w.causes[0], ErrTooManyMessages) {
			t.Errorf("reason %q, cause %v", got, w.causes[0])
		}
		w.do("POST", w.poll(), strings.Repeat("4x\x1e", 5)+"4x")
		if got := w.reasons(2); got[1] != ReasonRateLimit {
			t.Errorf("polling: reason %q", got[1])
		}
	})
}

func TestHandshakesAndGuessesOfOneAddressAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{AddressRate: 2, Address: func(r *http.Request) string { return r.Header.Get("X-Peer") }})
		live := w.poll()
		w.do("GET", polls+"&sid=guess", "")
		for _, query := range []string{polls, polls + "&sid=guess"} {
			a := w.do("GET", query, "")
			if a.status != 429 || a.header.Get("Retry-After") != "1" || a.body != `{"code":3,"message":"Too many requests"}` {
				t.Errorf("?%s: %+v", query, a)
			}
		}
		if a := w.do("POST", live, "4still welcome"); a.status != 200 {
			t.Errorf("request of a session: %+v", a)
		}
		if a := w.do("GET", polls, "", "X-Peer", "other"); a.status != 200 {
			t.Errorf("another address: %+v", a)
		}
	})
}
