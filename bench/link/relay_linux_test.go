package link

import (
	"bytes"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"transportlab/bench/result"
)

// open opens a relay. Where the system refuses one there is nothing to test, which must not pass for a test:
// root or user namespaces for everybody are needed.
func open(t testing.TB, spec string) *Link {
	t.Helper()
	n, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), n, Relay, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// serve answers each connection at the server's side until the test ends.
func serve(t testing.TB, l *Link, answer func(net.Conn)) (addr string) {
	t.Helper()
	c := calibration{link: l}
	addr, stop, err := c.listen(t.Context(), answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return addr
}

func echo(c net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
	}
}

func dial(t testing.TB, l *Link, addr string) net.Conn {
	t.Helper()
	c, err := l.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func exchange(t testing.TB, c net.Conn, data []byte) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { // ends with the exchange, or with c
		_, err := c.Write(data)
		sent <- err
	}()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil || !bytes.Equal(got, data) {
		t.Fatalf("what came back differs, or %v", err)
	}
}

func TestWhatEntersTheLinkArrivesNotSoonerThanAsked(t *testing.T) {
	l := open(t, "rtt=20ms")
	addr := serve(t, l, echo)
	if !strings.HasPrefix(addr, serverAddr+":") {
		t.Errorf("the server listens at %s", addr)
	}
	begin := time.Now()
	c := dial(t, l, addr)
	if took := time.Since(begin); took < 20*time.Millisecond {
		t.Errorf("connected after %s", took)
	}
	if host, _, _ := net.SplitHostPort(c.LocalAddr().String()); host != clientAddr {
		t.Errorf("the client is at %s", host)
	}
	begin = time.Now()
	exchange(t, c, bytes.Repeat([]byte("0123456789"), 20_000))
	// Ten segments at first, twice as many each round trip: 146 segments take four.
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("200 kB on a fresh connection came back after %s: there is no slow start", took)
	}
	k, ok, err := l.Counters()
	if err != nil || !ok || k.Up.Bytes < 200_000 || k.Down.Bytes < 200_000 || k.Up.Lost+k.Down.Lost+k.Up.Overflow+k.Down.Overflow > 0 {
		t.Errorf("counted %+v, %v, %v", k, ok, err)
	}
}

func TestLostPacketsAreSentAgainAndCounted(t *testing.T) {
	l := open(t, "rtt=2ms,loss=5%")
	a, checks, err := Calibrate(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, c := range checks {
		if strings.Contains(c.Name, "lost packets") { // times are the machine's affair
			if named++; !c.Passed {
				t.Errorf("%+v", c)
			}
		}
	}
	if named != 2 || a.Loss == 0 || a.RTT < 2*time.Millisecond || a.Connect < 2*time.Millisecond {
		t.Errorf("achieved %+v in %d rows on loss", a, named)
	}
	c := dial(t, l, serve(t, l, echo))
	exchange(t, c, bytes.Repeat([]byte("0123456789"), 50_000))
	k, _, err := l.Counters()
	if err != nil || k.Up.Lost == 0 || k.Down.Lost == 0 || k.Up.Retransmitted == 0 || k.Down.Retransmitted == 0 {
		t.Errorf("counted %+v, %v", k, err)
	}
}

func TestNothingGoesFasterThanTheRate(t *testing.T) {
	l := open(t, "rate=10mbit")
	a, _, err := Calibrate(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if a.Bandwidth == 0 || a.Bandwidth > 10.4e6 {
		t.Errorf("%.2f Mbit/s", a.Bandwidth/1e6)
	}
	k, _, err := l.Counters()
	if err != nil || k.Up.Overflow > k.Up.Packets/2 {
		t.Errorf("counted %+v, %v", k, err)
	}
}

// Everybody may have a user namespace on most systems, so the relay does not need root.
func TestTheRelayRunsInAUserNamespace(t *testing.T) {
	r, err := startRelay(t.Context(), result.Net{Name: "rtt=1ms", RTT: time.Millisecond}, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{net: result.Net{Name: "rtt=1ms", Emulator: Relay}, relay: r}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	exchange(t, dial(t, l, serve(t, l, echo)), []byte("hello"))
}

func TestTwoLinksKeepApart(t *testing.T) {
	a, b := open(t, "rtt=1ms"), open(t, "rtt=2ms")
	addr := serve(t, a, echo)
	if c, err := b.DialContext(t.Context(), "tcp", addr); err == nil {
		c.Close()
		t.Error("a server is reached over another link")
	}
}

func TestALinkWhoseProcessDiedSaysSo(t *testing.T) {
	n, _ := Parse("lan")
	l, err := Open(t.Context(), n, Relay, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.relay.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-l.relay.Ended()
	if _, err := l.DialContext(t.Context(), "tcp", serverAddr+":80"); err == nil || !strings.Contains(err.Error(), "asking the relay's process") {
		t.Errorf("dialling: %v", err)
	}
	if _, _, err := l.Counters(); err == nil {
		t.Error("it still counts")
	}
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("closing: %v", err)
	}
}
