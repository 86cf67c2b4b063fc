package carrier_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"transportlab/transports/carrier"
)

// held is a handler that keeps its answer until the client has gone.
var held = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.(http.Flusher).Flush()
	<-r.Context().Done()
})

func TestF17_CutNowResetsEveryConnection(t *testing.T) {
	onEvery(t, func(t *testing.T, name string) {
		for _, side := range []string{"server", "client"} {
			t.Run(side, func(t *testing.T) {
				var cut carrier.Cut
				so, co := carrier.ServerOptions{Cut: &cut}, carrier.ClientOptions{}
				if side == "client" {
					so, co = carrier.ServerOptions{}, carrier.ClientOptions{Cut: &cut}
				}
				s, c := open(t, name, held, so, co)
				resp, err := c.HTTP.Get(s.URL())
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if n := cut.Now(); n != 1 {
					t.Errorf("%d connections were cut, want 1", n)
				}
				if _, err := io.ReadAll(resp.Body); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("the client read %v, want a reset", err)
				}
				eventually(t, "both sides are free of it", func() bool { return s.Live() == 0 && c.Meter().Snapshot().Live == 0 })
				if n := cut.Now(); n != 0 {
					t.Errorf("%d dead connections were cut again", n)
				}
			})
		}
	})
}

func TestHangUpEndsEveryConnectionInOrder(t *testing.T) {
	var cut carrier.Cut
	s, c := open(t, carrier.H1, held, carrier.ServerOptions{Cut: &cut}, carrier.ClientOptions{})
	resp, err := c.HTTP.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n := cut.HangUp(); n != 1 {
		t.Errorf("%d connections were ended, want 1", n)
	}
	if _, err := io.ReadAll(resp.Body); err != io.ErrUnexpectedEOF {
		t.Errorf("the client read %v, want the end where none should be", err)
	}
}

func TestCutAfterPassesExactlyThatManyBytes(t *testing.T) {
	var cut carrier.Cut
	s, c := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}), carrier.ServerOptions{}, carrier.ClientOptions{Cut: &cut})
	cut.After(1000)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL(), strings.NewReader(strings.Repeat("x", 5000)))
	if resp, err := c.HTTP.Do(req); err == nil {
		resp.Body.Close()
		t.Error("a request of 5000 bytes came through")
	}
	if b := c.Meter().Snapshot(); b.Up.Wire+b.Down.Wire != 1000 {
		t.Errorf("%d bytes passed, want 1000", b.Up.Wire+b.Down.Wire)
	}
	if _, text := do(t, c, "POST", s.URL(), "again"); text != "again" {
		t.Errorf("it cuts once, but then: %q", text)
	}
}

func TestRefuseEndsByItself(t *testing.T) {
	var cut carrier.Cut
	s, c := open(t, carrier.H2C, echo, carrier.ServerOptions{}, carrier.ClientOptions{Cut: &cut})
	cut.Refuse(time.Hour)
	if resp, err := c.HTTP.Get(s.URL()); !errors.Is(err, syscall.ECONNREFUSED) {
		if err == nil {
			resp.Body.Close()
		}
		t.Errorf("a refused dial: %v", err)
	}
	cut.Refuse(0)
	do(t, c, "GET", s.URL(), "")
}

func TestStalledReaderKeepsDeadlinesAndClose(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var cut carrier.Cut
	accepted := make(chan net.Conn, 1)
	s, _ := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			accepted <- conn
		}
	}), carrier.ServerOptions{Listener: ln, Cut: &cut}, carrier.ClientOptions{})
	peer, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	io.WriteString(peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	conn := <-accepted
	defer conn.Close()
	cut.Stall()
	io.WriteString(peer, "hello")
	p := make([]byte, 10)
	conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := conn.Read(p); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stalled read gave %q, %v; want its deadline", p[:n], err)
	}
	conn.SetReadDeadline(time.Time{})
	cut.Resume()
	if n, err := conn.Read(p); string(p[:n]) != "hello" {
		t.Errorf("after the stall: %q, %v", p[:n], err)
	}
	cut.Stall()
	ended := make(chan error, 1)
	go func() { // ended by the Close below
		_, err := conn.Read(p)
		ended <- err
	}()
	conn.Close()
	if err := <-ended; err == nil {
		t.Error("a stalled read outlived Close")
	}
}

func TestR11_SlicedAndMergedReadsSayTheSame(t *testing.T) {
	onEvery(t, func(t *testing.T, name string) {
		var cut carrier.Cut
		s, c := open(t, name, echo, carrier.ServerOptions{Cut: &cut}, carrier.ClientOptions{Cut: &cut})
		url := s.URL()
		if strings.HasPrefix(url, "https") {
			url += "?tls=true"
		}
		text := strings.Repeat("data: x\n\n", 50)
		for _, set := range []func(){func() { cut.Slice(1) }, func() { cut.Slice(0); cut.Merge(time.Millisecond) }} {
			set()
			if _, got := do(t, c, "POST", url, text); got != text {
				t.Errorf("%q came back", got)
			}
		}
		a, b := s.Meter().Snapshot(), c.Meter().Snapshot()
		if a.Up.Body != int64(2*len(text)) || b.Down.Body != int64(2*len(text)) {
			t.Errorf("bodies counted %d and %d, want %d", a.Up.Body, b.Down.Body, 2*len(text))
		}
	})
}

// A connection that is wrapped is still a socket, and still to be had.
func TestConnGivesItsSocket(t *testing.T) {
	for _, name := range []string{carrier.H1, carrier.H2} {
		var asked atomic.Bool
		s, c := open(t, name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn := carrier.ConnOf(r.Context())
			rc, err := conn.SyscallConn()
			if err != nil {
				t.Error(err)
				return
			}
			rc.Control(func(fd uintptr) { asked.Store(fd > 0) })
			if up, _ := conn.Bytes(); up.Header == 0 {
				t.Errorf("its own count is %+v", up)
			}
			if conn.NetConn() == nil {
				t.Error("no connection beneath")
			}
		}), carrier.ServerOptions{Cut: &carrier.Cut{}}, carrier.ClientOptions{})
		do(t, c, "GET", s.URL(), "")
		if !asked.Load() {
			t.Errorf("%s: no file descriptor", name)
		}
	}
	if carrier.ConnOf(context.Background()) != nil {
		t.Error("a context of nowhere has a connection")
	}
}
