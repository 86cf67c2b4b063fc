package carrier_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"transportlab/transports/carrier"
)

// raw sends text over TCP and returns all that comes back until the server closes.
func raw(t *testing.T, s *carrier.Server, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, text)
	p, _ := io.ReadAll(conn)
	return string(p)
}

func TestA30_ConnectionsOverACapAreToldSo(t *testing.T) {
	for _, tc := range []struct {
		name   string
		o      carrier.ServerOptions
		status string
	}{
		{"per address", carrier.ServerOptions{MaxConnsPerAddr: 3}, "429"},
		{"total", carrier.ServerOptions{MaxConns: 3}, "503"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			onEvery(t, func(t *testing.T, name string) {
				s, c := open(t, name, echo, tc.o, carrier.ClientOptions{})
				var held []net.Conn
				for range 3 {
					conn, err := net.Dial("tcp", s.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					held = append(held, conn)
				}
				eventually(t, "three connections count", func() bool { return s.Live() == 3 })
				resp, text := do(t, c, "POST", s.URL(), "x")
				if got := fmt.Sprint(resp.StatusCode); got != tc.status || resp.Header.Get("Retry-After") == "" || !strings.Contains(text, `"rate_limited"`) {
					t.Errorf("got %s, Retry-After %q, %s; want %s", resp.Status, resp.Header.Get("Retry-After"), text, tc.status)
				}
				if s.Live() != 3 {
					t.Errorf("%d connections count; a refused one does not", s.Live())
				}
				held[0].Close()
				eventually(t, "one has left", func() bool { return s.Live() == 2 })
				c.Close()
				url := fmt.Sprintf("%s/?tls=%v", s.URL(), strings.HasPrefix(s.URL(), "https"))
				if resp, _ := do(t, c, "POST", url, "x"); resp.StatusCode != 200 {
					t.Errorf("with room again: %s", resp.Status)
				}
			})
		})
	}
}

func TestA30_CapsCountExactlyThroughChurn(t *testing.T) {
	s, _ := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hijack" {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
		}
	}), carrier.ServerOptions{MaxConnsPerAddr: 8}, carrier.ClientOptions{})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 40 {
				conn, err := net.Dial("tcp", s.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				if (i+j)%3 > 0 {
					io.WriteString(conn, []string{"", "GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}[(i+j)%3])
					io.Copy(io.Discard, conn)
				}
				conn.Close()
			}
		})
	}
	wg.Wait()
	eventually(t, "the count is zero again", func() bool { return s.Live() == 0 && s.Meter().Snapshot().Live == 0 })
	if got := s.Meter().Snapshot().Opened; got == 0 || got > 16*40 {
		t.Errorf("%d connections were counted, of 640", got)
	}
}

func TestA03_TooManyHeadersAre431(t *testing.T) {
	s, _ := open(t, carrier.H1, echo, carrier.ServerOptions{}, carrier.ClientOptions{})
	many := "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 101) + "\r\n"
	big := "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("c", 100<<10) + "\r\n\r\n"
	for name, text := range map[string]string{"101 headers": many, "a cookie of 100 KiB": big} {
		if got := raw(t, s, text); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
			t.Errorf("%s: %.200q", name, got)
		}
	}
}

func TestA02_SlowHeadersAndBodiesEnd(t *testing.T) {
	held := make(chan struct{})
	s, _ := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "slow", http.StatusRequestTimeout)
			return
		}
		select { // what has a whole body may be held past the body's deadline
		case <-held:
		case <-r.Context().Done():
			t.Error("a held answer was cut off")
		}
	}), carrier.ServerOptions{ReadHeader: 20 * time.Millisecond, ReadBody: 20 * time.Millisecond}, carrier.ClientOptions{})
	if got := raw(t, s, "GET / HTTP/1.1\r\nHo"); got != "" && !strings.HasPrefix(got, "HTTP/1.1 4") {
		t.Errorf("unfinished headers: %q", got)
	}
	if got := raw(t, s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("an unfinished body: %q", got)
	}
	time.AfterFunc(100*time.Millisecond, func() { close(held) }) // five deadlines later
	if got := raw(t, s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("a held answer: %q", got)
	}
}

func TestPlainRequestToATLSPortGetsAnAnswer(t *testing.T) {
	s, _ := open(t, carrier.H2, echo, carrier.ServerOptions{}, carrier.ClientOptions{})
	if got := raw(t, s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("got %q", got)
	}
}

func TestA42_TheLogIsBounded(t *testing.T) {
	var mu sync.Mutex
	var text bytes.Buffer
	logger := slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(p)
	}), nil))
	s, c := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		panic(strings.Repeat("\x1b[31m", 1000))
	}), carrier.ServerOptions{Logger: logger}, carrier.ClientOptions{})
	for range 100 {
		if resp, err := c.HTTP.Get(s.URL()); err == nil {
			resp.Body.Close()
			t.Error("a handler that panics answered")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if lines := strings.Count(text.String(), "\n"); lines == 0 || lines > 60 || text.Len() > 60*4096 || strings.Contains(text.String(), "\x1b") {
		t.Errorf("%d lines of %d bytes for 100 panics; want few, short and escaped", lines, text.Len())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
