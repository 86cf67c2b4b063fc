package gate

import (
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A path is a connection through a gate in memory and in fake time.
type path struct {
	*Gate
	client, server net.Conn
	began          time.Time
}

func newPath(t *testing.T, f Fault) *path {
	t.Helper()
	p := &path{began: time.Now()}
	var beyond net.Conn
	p.server, beyond = net.Pipe()
	p.Gate = newGate(Options{Target: func() (string, string, bool) { return "", "a", true },
		Dial: func(string) (net.Conn, error) { return beyond, nil }})
	if err := p.Set(f); err != nil {
		t.Fatal(err)
	}
	var here net.Conn
	p.client, here = net.Pipe()
	p.enter(here)
	return p
}

// end ends the connection and the gate.
func (p *path) end(t *testing.T) {
	t.Helper()
	p.client.Close()
	p.server.Close()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// say sends something and returns how long it took to arrive, since the path began.
func (p *path) say(t *testing.T, from, to net.Conn, text string) time.Duration {
	t.Helper()
	go io.WriteString(from, text) // ends when the gate has read it
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
		t.Fatalf("received %q, %v", got, err)
	}
	return time.Since(p.began)
}

const ask, reply = "GET /polling/t HTTP/1.1\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"

func TestDelayIsOfEachWayAndANewConnectionCostsARoundTripMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPath(t, Fault{DelayMs: 100})
		if at := p.say(t, p.client, p.server, ask); at != 300*time.Millisecond {
			t.Errorf("the first request arrives after %s, want 300ms", at)
		}
		if at := p.say(t, p.server, p.client, reply); at != 400*time.Millisecond {
			t.Errorf("its answer arrives after %s, want 400ms", at)
		}
		if at := p.say(t, p.client, p.server, ask); at != 500*time.Millisecond {
			t.Errorf("the next request arrives after %s, want 500ms", at)
		}
		p.end(t)
	})
}

func TestJitterKeepsOrderAndItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPath(t, Fault{JitterMs: 50})
		text := strings.Repeat("0123456789", 20)
		go func() { // ends with the text
			for i := range text {
				io.WriteString(p.server, text[i:i+1])
				time.Sleep(time.Millisecond)
			}
		}()
		got := make([]byte, len(text))
		if _, err := io.ReadFull(p.client, got); err != nil || string(got) != text {
			t.Errorf("received %q, %v", got, err)
		}
		if at := time.Since(p.began); at < 199*time.Millisecond || at > 250*time.Millisecond {
			t.Errorf("it took %s, want between 199ms and 250ms", at)
		}
		p.end(t)
	})
}

func TestRateIsSharedByConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPath(t, Fault{RateKbit: 80}) // 10 bytes a millisecond
		if at := p.say(t, p.server, p.client, strings.Repeat("x", 10_000)); at != time.Second {
			t.Errorf("10 kB arrive after %s, want 1s", at)
		}
		if at := p.say(t, p.client, p.server, ask); at > 1100*time.Millisecond {
			t.Errorf("the other way is held up too, until %s", at)
		}
		// A second connection waits for the first one's bytes.
		free := p.down.reserve(time.Now(), 1000, 80)
		if next := p.down.reserve(time.Now(), 1000, 80); next.Sub(free) != 100*time.Millisecond {
			t.Errorf("1 kB more has passed %s later, want 100ms", next.Sub(free))
		}
		p.end(t)
	})
}

func TestStallHoldsEverythingUntilItIsLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPath(t, Fault{Stall: true})
		go io.WriteString(p.client, ask) // ends when the gate has read it
		heard := make(chan time.Duration)
		go func() { // ends with the request
			got := make([]byte, len(ask))
			io.ReadFull(p.server, got)
			heard <- time.Since(p.began)
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case at := <-heard:
			t.Errorf("it passes after %s", at)
		default:
		}
		if err := p.Set(Fault{}); err != nil {
			t.Fatal(err)
		}
		if at := <-heard; at != time.Hour {
			t.Errorf("it passes after %s, want 1h", at)
		}
		p.end(t)
	})
}

func TestABufferingProxyGivesWholeAnswersOnAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPath(t, Fault{Buffer: true})
		p.say(t, p.client, p.server, ask)
		heard := make(chan string)
		go func() { // ends with the path
			buf := make([]byte, 128<<10)
			for {
				n, err := p.client.Read(buf)
				if err != nil {
					close(heard)
					return
				}
				heard <- string(buf[:n])
			}
		}()
		silent := func(when string) {
			t.Helper()
			time.Sleep(time.Minute)
			synctest.Wait()
			select {
			case text := <-heard:
				t.Errorf("%s %q passes", when, text)
			default:
			}
		}
		for _, piece := range []string{"HTTP/1.1 200 OK\r\nContent-", "Length: 5\r\n\r\n", "he"} {
			io.WriteString(p.server, piece)
			silent("of an answer that is not whole")
		}
		io.WriteString(p.server, "llo")
		if text := <-heard; text != "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" {
			t.Errorf("a whole answer passes as %q", text)
		}
		p.say(t, p.client, p.server, "GET /streaming/t HTTP/1.1\r\n\r\n")
		io.WriteString(p.server, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata:[1,\"a\",\"one\"]\n\n")
		silent("of a stream")
		io.WriteString(p.server, strings.Repeat("x", mostHeld))
		if text := <-heard; len(text) < 32<<10 {
			t.Errorf("of a full buffer %d bytes pass", len(text))
		}
		for len(heard) > 0 {
			<-heard
		}
		go func() { // ends with the path
			for range heard {
			}
		}()
		if err := p.Set(Fault{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, want := p.Counts().Down.Total(), int64(43+52+20+mostHeld); got != want {
			t.Errorf("%d bytes have passed when the proxy is gone, want %d", got, want)
		}
		p.end(t)
	})
}

func TestAChangedFaultIsFeltByWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPath(t, Fault{DelayMs: 10_000})
		go func() { // ends with the change
			time.Sleep(time.Second)
			if err := p.Set(Fault{}); err != nil {
				t.Error(err)
			}
		}()
		if at := p.say(t, p.server, p.client, "x"); at != time.Second {
			t.Errorf("it arrives after %s, want 1s", at)
		}
		p.end(t)
	})
}

func TestEndsPassThrough(t *testing.T) {
	g, server := tcp(t)
	client := dial(t, g)
	there := <-server
	io.WriteString(client, ask)
	client.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(there); string(got) != ask || err != nil {
		t.Errorf("the server hears %q, %v", got, err)
	}
	io.WriteString(there, reply)
	there.Close()
	if got, err := io.ReadAll(client); string(got) != reply || err != nil {
		t.Errorf("the client hears %q, %v", got, err)
	}
}

func TestCutIsAReset(t *testing.T) {
	g, server := tcp(t)
	client := dial(t, g)
	there := <-server
	io.WriteString(client, ask)
	io.ReadFull(there, make([]byte, len(ask)))
	if n := g.Cut(); n != 1 {
		t.Errorf("%d connections were cut", n)
	}
	for name, c := range map[string]net.Conn{"client": client, "server": there} {
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("the %s reads %v, want a reset", name, err)
		}
	}
}

func TestBlockedUpgradesAreRefusedAndOpenOnesEnd(t *testing.T) {
	g, server := tcp(t)
	client := dial(t, g)
	there := <-server
	io.WriteString(client, upgradeHead)
	io.ReadFull(there, make([]byte, len(upgradeHead)))
	io.WriteString(there, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	io.ReadFull(client, make([]byte, 36))
	if err := g.Set(Fault{BlockWebSocket: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("an open one reads %v, want a reset", err)
	}
	second := dial(t, g)
	there = <-server
	for _, piece := range []string{upgradeHead[:20], upgradeHead[20:]} {
		io.WriteString(second, piece)
	}
	if got, err := io.ReadAll(second); !strings.HasPrefix(string(got), "HTTP/1.1 403 ") || err != nil {
		t.Errorf("another is answered %q, %v", got, err)
	}
	if got, _ := io.ReadAll(there); len(got) > 0 {
		t.Errorf("the server hears %q of it", got)
	}
	third := dial(t, g)
	there = <-server
	io.WriteString(third, ask)
	io.ReadFull(there, make([]byte, len(ask))) // what is no upgrade passes
	entries, _ := g.Entries(0, 1000)
	var titles []string
	for _, e := range entries {
		titles = append(titles, e.Title)
	}
	if !strings.Contains(strings.Join(titles, "\n"), "403 Forbidden") {
		t.Errorf("the record lacks the refusal: %q", titles)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	g, server := tcp(t)
	for range 3 {
		dial(t, g)
		<-server
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(g.URL(), "http://"))
	if err == nil { // the reset may be faster
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("one more reads %v, want a reset", err)
	}
}

func TestFaultsOutOfRangeAreRefused(t *testing.T) {
	for _, f := range []Fault{{DelayMs: -1}, {DelayMs: 10_001}, {DelayMs: math.NaN()}, {JitterMs: -1}, {JitterMs: math.Inf(1)},
		{RateKbit: -1}, {RateKbit: 0.1}, {RateKbit: 1e8}, {RateKbit: math.NaN()}} {
		if newGate(Options{}).Set(f) == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

// tcp opens a gate to a server that hands out its connections.
func tcp(t *testing.T) (*Gate, <-chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, err := Listen(Options{Target: func() (string, string, bool) { return l.Addr().String(), "a", true }, MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, 8)
	done := make(chan struct{})
	var all []net.Conn
	go func() { // ends with the listener
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all = append(all, c)
			conns <- c
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, c := range all {
			c.Close()
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g, conns
}

func dial(t *testing.T, g *Gate) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(g.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c
}
