package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func wrapped(t *testing.T, spec string) *Link {
	t.Helper()
	n, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), n, Wrapper, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if n := l.Net(); n.Emulator != Wrapper || n.Label != WrapperLabel {
		t.Errorf("it is described as %+v", n)
	}
	return l
}

func TestTheWrapperIsNotFasterThanAsked(t *testing.T) {
	l := wrapped(t, "rtt=20ms,rate=10mbit")
	addr := serve(t, l, echo)
	begin := time.Now()
	c := dial(t, l, addr)
	if took := time.Since(begin); took < 20*time.Millisecond {
		t.Errorf("connected after %s", took)
	}
	begin = time.Now()
	exchange(t, c, []byte("x"))
	if took := time.Since(begin); took < 20*time.Millisecond {
		t.Errorf("a byte came back after %s", took)
	}
	begin = time.Now()
	exchange(t, c, bytes.Repeat([]byte("0123456789"), 10_000))
	if took := time.Since(begin); took < 100*time.Millisecond { // 80 on the link, and a round trip
		t.Errorf("100 kB came back after %s", took)
	}
	if _, counted, err := l.Counters(); counted || err != nil {
		t.Error("it counts packets")
	}
}

func TestTheWrapperDeliversWhatWasWrittenBeforeClose(t *testing.T) {
	l := wrapped(t, "rtt=10ms")
	got := make(chan []byte, 1)
	c := dial(t, l, serve(t, l, func(c net.Conn) {
		b, _ := io.ReadAll(c)
		got <- b
	}))
	if _, err := c.Write([]byte("goodbye")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if b := <-got; string(b) != "goodbye" {
		t.Errorf("%q arrived", b)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing after Close: %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading after Close: %v", err)
	}
}

func TestTheWrapperPassesTheEndOfAStreamOnAndAResetAtOnce(t *testing.T) {
	l := wrapped(t, "rtt=10ms")
	got := make(chan error, 1)
	addr := serve(t, l, func(c net.Conn) {
		_, err := io.ReadAll(c)
		got <- err
		c.Write([]byte("bye"))
	})
	c := dial(t, l, addr)
	if err := c.(*slowConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || string(b) != "bye" || <-got != nil {
		t.Errorf("%q, %v", b, err)
	}
	c = dial(t, l, addr)
	if _, err := c.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	c.(*slowConn).SetLinger(0)
	c.Close()
	if err := <-got; err == nil {
		t.Error("a reset reads as an end in good order")
	}
}

func TestTheWrapperKeepsDeadlines(t *testing.T) {
	l := wrapped(t, "rtt=10s,rate=64kbit")
	n := &slowConn{}
	n.readBy.init()
	n.readBy.set(time.Now().Add(-time.Second))
	select {
	case <-n.readBy.passed():
	default:
		t.Error("a deadline in the past has not passed")
	}
	lane := newLane(l.Net(), l.wrapper.clock, 1, 1)
	late := make(chan struct{})
	close(late)
	if _, err := lane.pull(make([]byte, 1), late); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading nothing: %v", err)
	}
	if n, err := lane.push(make([]byte, 10<<20), late); !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n > lane.most {
		t.Errorf("writing more than is held: %d, %v", n, err)
	}
	if _, err := lane.pull(make([]byte, 1), late); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading what has not arrived: %v", err)
	}
	lane.abort(net.ErrClosed)
	if _, err := lane.pull(make([]byte, 1), nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading after an abort: %v", err)
	}
}

func TestTheWrapperRefusesWhatItCannotDo(t *testing.T) {
	n, _ := Parse("4g")
	if _, err := Open(t.Context(), n, Wrapper, 1); err == nil || !strings.Contains(err.Error(), "the wrapper cannot lose packets") {
		t.Errorf("error %v", err)
	}
	if _, err := Open(t.Context(), n, "netem", 1); err == nil || !strings.Contains(err.Error(), `there is no emulator "netem"`) {
		t.Errorf("error %v", err)
	}
}

func TestTheWrapperIsCalibrated(t *testing.T) {
	l := wrapped(t, "rtt=5ms,rate=10mbit,jitter=200us")
	a, checks, err := Calibrate(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) != 3 || a.RTT < 4*time.Millisecond || a.Connect < 5*time.Millisecond || a.Bandwidth == 0 || a.Bandwidth > 11e6 {
		t.Errorf("achieved %+v in %d rows", a, len(checks))
	}
}
