package carrier_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports/carrier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a server on a carrier and a client that trusts it, closed with the test.
func open(t *testing.T, name string, h http.Handler, so carrier.ServerOptions, co carrier.ClientOptions) (*carrier.Server, *carrier.Client) {
	t.Helper()
	s, err := carrier.Listen(name, "127.0.0.1:0", h, so)
	if err != nil {
		t.Fatal(err)
	}
	co.Trust = s.Certificate()
	c, err := carrier.Dial(name, co)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		s.Close()
	})
	return s, c
}

func onEvery(t *testing.T, test func(t *testing.T, name string)) {
	for _, name := range carrier.Names() {
		t.Run(name, func(t *testing.T) { test(t, name) })
	}
}

// eventually polls: what it waits for is caused by another goroutine's end.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func do(t *testing.T, c *carrier.Client, method, url, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	p, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(p)
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if (r.TLS != nil) != (r.URL.Query().Get("tls") == "true") {
		http.Error(w, "r.TLS is wrong", http.StatusTeapot)
		return
	}
	w.Header()["Date"] = nil
	p, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Method != "PUT" { // a PUT is answered in chunks, in HTTP/1.1
		w.Header().Set("Content-Length", strconv.Itoa(len(p)))
	}
	w.Write(p)
	if r.Method == "PUT" {
		w.(http.Flusher).Flush()
		w.Write(p)
	}
})

func TestBothEndsCountTheSameBytes(t *testing.T) {
	onEvery(t, func(t *testing.T, name string) {
		s, c := open(t, name, echo, carrier.ServerOptions{}, carrier.ClientOptions{})
		withTLS := strings.HasPrefix(s.URL(), "https:")
		const bodies = 3000 + 40_000 + 3000
		for _, size := range []int{3000, 40_000} {
			if resp, text := do(t, c, "POST", fmt.Sprintf("%s/?tls=%v", s.URL(), withTLS), strings.Repeat("x", size)); resp.StatusCode != 200 || len(text) != size {
				t.Fatalf("POST: %s %.100s", resp.Status, text)
			}
		}
		if _, text := do(t, c, "PUT", fmt.Sprintf("%s/?tls=%v", s.URL(), withTLS), strings.Repeat("y", 3000)); len(text) != 6000 {
			t.Fatalf("PUT answered %d bytes", len(text))
		}
		var cs, ss carrier.Snapshot
		eventually(t, "both ends agree", func() bool {
			cs, ss = c.Meter().Snapshot(), s.Meter().Snapshot()
			return cs == ss
		})
		if cs.Opened != 1 || cs.Live != 1 {
			t.Errorf("%d connections opened, %d live; want one, kept alive", cs.Opened, cs.Live)
		}
		if cs.Up.Body != bodies || cs.Down.Body != bodies+3000 {
			t.Errorf("bodies: up %d, want %d; down %d, want %d", cs.Up.Body, bodies, cs.Down.Body, bodies+3000)
		}
		if cs.Up.Stream+cs.Down.Stream != 0 || cs.Up.Header == 0 || cs.Down.Header == 0 {
			t.Errorf("classes are wrong: %+v", cs)
		}
		if chunks := int64(len("bb8\r\n\r\n")*2 + len("0\r\n\r\n")); !strings.HasPrefix(name, "h2") && cs.Down.Framing != chunks {
			t.Errorf("framing down is %d, want %d", cs.Down.Framing, chunks)
		}
		for _, b := range []carrier.Bytes{cs.Up, cs.Down} {
			if withTLS != (b.Handshake > 0) || withTLS != (b.TLS() > 0) || b.TLS()%22 != 0 {
				t.Errorf("TLS costs %d bytes of handshake and %d after it; want whole records of 22, or nothing without TLS", b.Handshake, b.TLS())
			}
		}
		c.Close()
		eventually(t, "the connection has left both counts", func() bool {
			return c.Meter().Snapshot().Live == 0 && s.Meter().Snapshot().Live == 0 && s.Live() == 0
		})
		if after := s.Meter().Snapshot(); after.Up.Body != bodies {
			t.Errorf("a closed connection's bytes were lost: %+v", after)
		}
	})
}

// The bytes of one request and answer, written out.
func TestHTTP1Golden(t *testing.T) {
	s, c := open(t, carrier.H1, echo, carrier.ServerOptions{}, carrier.ClientOptions{})
	before := c.Meter().Snapshot()
	do(t, c, "POST", s.URL()+"/a", "0123456789")
	got := c.Meter().Snapshot().Sub(before)
	host := strings.TrimPrefix(s.URL(), "http://")
	upHeader := "POST /a HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 10\r\n\r\n"
	downHeader := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
	want := carrier.Snapshot{Opened: 1, Live: 1,
		Up:   carrier.Bytes{Wire: int64(len(upHeader)) + 10, Header: int64(len(upHeader)), Body: 10},
		Down: carrier.Bytes{Wire: int64(len(downHeader)) + 10, Header: int64(len(downHeader)), Body: 10}}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPlainMeterCountsWithoutParsing(t *testing.T) {
	s, c := open(t, carrier.H1TLS, echo, carrier.ServerOptions{Meter: &carrier.Meter{Plain: true}}, carrier.ClientOptions{})
	do(t, c, "POST", s.URL()+"/?tls=true", "0123456789")
	eventually(t, "both ends agree", func() bool {
		a, b := s.Meter().Snapshot(), c.Meter().Snapshot()
		return a.Up.Wire == b.Up.Wire && a.Down.Wire == b.Down.Wire && a.Up.Stream == b.Up.Header+b.Up.Body && a.Up.Header == 0
	})
}

func TestHTTP2RequestsShareAConnection(t *testing.T) {
	for _, name := range []string{carrier.H2C, carrier.H2} {
		t.Run(name, func(t *testing.T) {
			const n = 50
			arrived, release := make(chan struct{}, n), make(chan struct{})
			s, c := open(t, name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 2 {
					t.Errorf("the request came over %s", r.Proto)
				}
				if r.Method == "GET" {
					arrived <- struct{}{}
					<-release
				}
			}), carrier.ServerOptions{}, carrier.ClientOptions{})
			do(t, c, "POST", s.URL(), "the first request connects")
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { do(t, c, "GET", s.URL(), "") })
			}
			for range n {
				<-arrived // all of them are being served at once
			}
			if opened := c.Meter().Snapshot().Opened; opened != 1 {
				t.Errorf("%d requests at once took %d connections, want 1", n, opened)
			}
			close(release)
			wg.Wait()
		})
	}
}

func TestHTTP2ConnectionsThatAreFullAreJoinedByOthers(t *testing.T) {
	const n, streams = 35, 10
	arrived, release := make(chan struct{}, n), make(chan struct{})
	s, c := open(t, carrier.H2, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
	}), carrier.ServerOptions{MaxStreams: streams}, carrier.ClientOptions{})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { do(t, c, "GET", s.URL(), "") })
	}
	for range n {
		<-arrived
	}
	if live := s.Live(); live < n/streams || live > n {
		t.Errorf("%d requests at once, %d for each connection, took %d connections", n, streams, live)
	}
	close(release)
	wg.Wait()
}

func TestUpgradedBytesAreStream(t *testing.T) {
	for _, name := range []string{carrier.H1, carrier.H1TLS} {
		t.Run(name, func(t *testing.T) {
			s, c := open(t, name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
				rw.Flush()
				io.CopyN(conn, rw, 5)
				io.Copy(io.Discard, rw)
			}), carrier.ServerOptions{}, carrier.ClientOptions{})
			req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL(), nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Connection", "Upgrade")
			req.Header.Set("Upgrade", "echo")
			resp, err := c.HTTP.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			rwc := resp.Body.(io.ReadWriteCloser)
			io.WriteString(rwc, "GET /")
			p := make([]byte, 5)
			if _, err := io.ReadFull(rwc, p); err != nil || string(p) != "GET /" {
				t.Fatalf("echo %q, %v", p, err)
			}
			eventually(t, "5 bytes each way are stream", func() bool { // a write is counted when it has returned
				b := s.Meter().Snapshot()
				return b.Up.Stream == 5 && b.Down.Stream == 5
			})
			if s.Live() != 1 {
				t.Errorf("%d connections count, want the hijacked one", s.Live())
			}
			rwc.Close()
			eventually(t, "the hijacked connection has left the count", func() bool { return s.Live() == 0 })
		})
	}
}

func TestShutdownTellsTheHandlerFirstAndWaits(t *testing.T) {
	onEvery(t, func(t *testing.T, name string) {
		h := &slowServer{arrived: make(chan struct{}), told: make(chan struct{})}
		s, c := open(t, name, h, carrier.ServerOptions{}, carrier.ClientOptions{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, text := do(t, c, "GET", s.URL(), ""); text != "goodbye" {
				t.Errorf("a request that was under way got %q", text)
			}
		})
		<-h.arrived
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if s.Live() != 0 || s.Meter().Snapshot().Live != 0 {
			t.Errorf("%d connections still live", s.Live())
		}
	})
}

type slowServer struct{ arrived, told chan struct{} }

func (s *slowServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	close(s.arrived)
	<-s.told
	io.WriteString(w, "goodbye")
}

func (s *slowServer) Shutdown(context.Context) error {
	close(s.told)
	return nil
}

func TestShutdownOutOfTimeCutsOff(t *testing.T) {
	onEvery(t, func(t *testing.T, name string) {
		arrived := make(chan struct{})
		s, c := open(t, name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
		}), carrier.ServerOptions{}, carrier.ClientOptions{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if resp, err := c.HTTP.Get(s.URL()); err == nil {
				resp.Body.Close()
				if name != carrier.H2C && name != carrier.H2 {
					t.Errorf("a request that was cut off got %s", resp.Status)
				}
			}
		})
		<-arrived
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Shutdown(ctx); err != context.Canceled {
			t.Errorf("Shutdown returned %v, want the context's error", err)
		}
		wg.Wait()
	})
}

// What is cut off must not look complete: a client would take a part for the whole.
func TestCloseNeverEndsAnAnswerInOrder(t *testing.T) {
	onEvery(t, func(t *testing.T, name string) {
		s, c := open(t, name, held, carrier.ServerOptions{}, carrier.ClientOptions{})
		resp, err := c.HTTP.Get(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		s.Close()
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Error("the answer ended as if it were whole")
		}
	})
}

func TestListenAndDialNameTheCarriersTheyKnow(t *testing.T) {
	_, err := carrier.Listen("h9", "127.0.0.1:0", echo, carrier.ServerOptions{})
	_, err2 := carrier.Dial("h9", carrier.ClientOptions{})
	for _, err := range []error{err, err2} {
		if err == nil || !strings.Contains(err.Error(), `"h9"`) || !strings.Contains(err.Error(), "h1tls") {
			t.Errorf("error %v does not name the carrier and those that exist", err)
		}
	}
}

func TestOnlyTheTrustedCertificateIsAccepted(t *testing.T) {
	s, _ := open(t, carrier.H2, echo, carrier.ServerOptions{}, carrier.ClientOptions{})
	other, err := carrier.SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	c, err := carrier.Dial(carrier.H2, carrier.ClientOptions{Trust: other.Leaf})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if resp, err := c.HTTP.Get(s.URL()); err == nil {
		resp.Body.Close()
		t.Error("a certificate that is not the trusted one was accepted")
	}
	if bytes.Equal(other.Leaf.Raw, s.Certificate().Raw) {
		t.Error("two certificates are the same")
	}
}
