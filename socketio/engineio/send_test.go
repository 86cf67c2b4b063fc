package engineio

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlowConsumerIsDropped(t *testing.T) {
	w := onNetwork(t, Options{WriteBuffer: 1 << 20, WriteTimeout: time.Hour})
	c := w.raw()
	if err := c.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	w.until("the session", func() bool { return len(w.open) == 1 })
	message := NewMessage(make([]byte, 64<<10), true)
	var err error
	for i := 0; i < 10_000 && err == nil; i++ {
		err = w.open[0].Send(message)
	}
	if !errors.Is(err, ErrSlowConsumer) {
		t.Fatalf("640 MB were taken: %v", err)
	}
	if got := w.reasons(1); got[0] != ReasonSlowConsumer {
		t.Errorf("reason %q", got)
	}
}

func TestPeerThatStopsReadingIsDroppedInTime(t *testing.T) {
	w := onNetwork(t, Options{WriteBuffer: 64 << 20, WriteTimeout: 200 * time.Millisecond})
	c := w.raw()
	if err := c.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	w.until("the session", func() bool { return len(w.open) == 1 })
	message := NewMessage(make([]byte, 1<<20), true)
	for range 32 {
		if err := w.open[0].Send(message); err != nil {
			break
		}
	}
	if got := w.reasons(1); got[0] != ReasonSlowConsumer {
		t.Errorf("reason %q", got)
	}
}

func TestQueuedMessagesLeaveInOrder(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.live()
	const n = 20_000
	for i := range n {
		if err := w.open[0].Send(NewMessage(binary.BigEndian.AppendUint32(nil, uint32(i)), true)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		_, data, err := c.Read(t.Context())
		if err != nil || binary.BigEndian.Uint32(data) != uint32(i) {
			t.Fatalf("message %d: %x, %v", i, data, err)
		}
	}
}

// A client that reads one frame at a time gets what is sent alone by itself: what follows waits for a rest, or for a sign of
// the client.
func TestWhatIsSentAloneIsReadAlone(t *testing.T) {
	for _, signs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := inMemory(t, Options{})
			c := w.live()
			one, two := NewMessage([]byte("one"), false), NewMessage([]byte("two"), false)
			if err := w.open[0].Send(one.Alone(), two); err != nil {
				t.Fatal(err)
			}
			w.expect(c, "4one")
			synctest.Wait()
			began, rest := time.Now(), restTime
			if signs {
				rest = 0
				w.send(c, "3")
			}
			if err := w.open[0].Send(two); err != nil {
				t.Fatal(err)
			}
			w.expect(c, "4two")
			w.expect(c, "4two")
			if err := w.open[0].Send(two); err != nil { // the rest is over
				t.Fatal(err)
			}
			w.expect(c, "4two")
			if waited := time.Since(began); waited != rest {
				t.Errorf("client that signs %v: waited %v", signs, waited)
			}
		})
	}
}
