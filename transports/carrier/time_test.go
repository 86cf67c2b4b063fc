package carrier_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/transports/carrier"
)

// A pipes listener hands out connections in memory, which fake time can see through.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	ended chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.ended) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestDefaultDeadlines(t *testing.T) {
	for _, tc := range []struct {
		name, request string
		ends          time.Duration
	}{
		{"nothing", "", 5 * time.Second},
		{"half a request line", "GET / HT", 5 * time.Second},
		{"headers without an end", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n", 5 * time.Second},
		{"a body without an end", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", 10 * time.Second},
		{"no second request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 75 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := newPipes()
				s, err := carrier.Listen(carrier.H1, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
				}), carrier.ServerOptions{Listener: ln})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				conn, err := ln.Dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				start := time.Now()
				var read sync.WaitGroup
				read.Go(func() { io.Copy(io.Discard, conn) }) // ends with the connection
				io.WriteString(conn, tc.request)
				read.Wait()
				if took := time.Since(start); took < tc.ends || took > tc.ends+time.Second { // net/http lingers half a second
					t.Errorf("the connection ended after %v, want %v", took, tc.ends)
				}
			})
		})
	}
}

// Only a body has a deadline: what is held, and what is sent bit by bit for an hour, goes on.
func TestLongAnswersAreNotCut(t *testing.T) {
	for _, name := range []string{carrier.H1, carrier.H2C} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := newPipes()
				s, err := carrier.Listen(name, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					for range 60 {
						time.Sleep(time.Minute)
						io.WriteString(w, "x")
						w.(http.Flusher).Flush()
					}
				}), carrier.ServerOptions{Listener: ln})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				c, err := carrier.Dial(name, carrier.ClientOptions{DialContext: ln.Dial})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				for _, method := range []string{"GET", "POST"} {
					if _, text := do(t, c, method, s.URL(), "body"); len(text) != 60 {
						t.Errorf("%s: %d of 60 parts came", method, len(text))
					}
				}
			})
		})
	}
}

// In memory there are no addresses, and so no cap of each.
func TestConnectionsWithoutAddressesShareTheTotalAlone(t *testing.T) {
	ln := newPipes()
	s, err := carrier.Listen(carrier.H1, "", echo, carrier.ServerOptions{Listener: ln, MaxConnsPerAddr: 1, MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, want := range []string{"200", "200", "200", "503"} {
		conn, err := ln.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		p := make([]byte, 12)
		if _, err := io.ReadFull(conn, p); err != nil || !strings.HasSuffix(string(p), want) {
			t.Errorf("connection %d: %q, %v; want %s", i, p, err, want)
		}
	}
}
