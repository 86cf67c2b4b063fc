package proxy

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/child"
)

func TestMain(m *testing.M) {
	if child.Is() {
		os.Exit(child.Main(map[string]child.Task{TaskName: Task}))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // each child would sleep for a second at its end
	goleak.VerifyTestMain(m)
}

// before starts a proxy before a handler.
func before(t *testing.T, name string, h http.HandlerFunc) (*Proxy, *http.Client) {
	t.Helper()
	backend := httptest.NewServer(h)
	t.Cleanup(backend.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), name, l, strings.TrimPrefix(backend.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := p.Close(); err != nil && !strings.Contains(err.Error(), "killed") {
			t.Error(err)
		}
		if _, err := os.Stat(p.folder); !os.IsNotExist(err) {
			t.Errorf("its folder is still there: %v", err)
		}
	})
	return p, client
}

func get(t *testing.T, c *http.Client, url, header, value string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != "" {
		req.Header.Set(header, value)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestEveryProxyPassesRequestsOn(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			p, c := before(t, name, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.URL.Path) })
			body, err := io.ReadAll(get(t, c, p.URL+"/news", "", "").Body)
			if want := strings.TrimPrefix(p.URL, "http://") + "/news"; err != nil || string(body) != want {
				t.Errorf("it answered %q, %v, want %q", body, err, want)
			}
		})
	}
}

func TestNginxCompressesForWhoAsks(t *testing.T) {
	text := strings.Repeat("all the same ", 1000)
	p, c := before(t, Nginx, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, text)
	})
	resp := get(t, c, p.URL, "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != text || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if body, err := io.ReadAll(get(t, c, p.URL, "", "").Body); err != nil || string(body) != text {
		t.Errorf("%d bytes, %v for who does not ask", len(body), err)
	}
}

// What the lab's streams say in their headers decides whether anything comes before they end.
func TestNginxHoldsAStreamBackUnlessItIsToldNotTo(t *testing.T) {
	for _, c := range []struct {
		name, buffering string
		held            bool
	}{{Nginx, "no", false}, {Nginx, "", true}, {NginxIgnoring, "no", true}, {HAProxy, "", false}} {
		end := make(chan struct{})
		p, client := before(t, c.name, func(w http.ResponseWriter, r *http.Request) {
			if c.buffering != "" {
				w.Header().Set("X-Accel-Buffering", c.buffering)
			}
			fmt.Fprintln(w, "first")
			http.NewResponseController(w).Flush()
			<-end
			fmt.Fprintln(w, "last")
		})
		lines := make(chan string, 2)
		go func() { // ends with the stream
			defer close(lines)
			resp, err := client.Get(p.URL)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			for s := bufio.NewScanner(resp.Body); s.Scan(); {
				lines <- s.Text()
			}
		}()
		if c.held { // a proxy that does not hold it back would have to take longer than this to pass the test
			select {
			case line := <-lines:
				t.Errorf("%s, buffering %q: %q came before the end", c.name, c.buffering, line)
			case <-time.After(300 * time.Millisecond):
			}
			close(end)
		}
		if line := <-lines; line != "first" {
			t.Errorf("%s, buffering %q: %q", c.name, c.buffering, line)
		}
		if !c.held {
			close(end)
		}
		if line := <-lines; line != "last" {
			t.Errorf("%s, buffering %q: %q at the end", c.name, c.buffering, line)
		}
		for range lines {
		}
	}
}

func TestHAProxyEndsWhatIsSilent(t *testing.T) {
	p, c := before(t, HAProxyHasty, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if resp := get(t, c, p.URL, "", ""); resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("it answered %s", resp.Status)
	}
}

func TestAProxyDiesWithItsGuard(t *testing.T) {
	p, _ := before(t, Nginx, func(http.ResponseWriter, *http.Request) {})
	text, err := os.ReadFile(p.folder + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		t.Fatal(err)
	}
	if err := p.process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.process.Ended()
	for syscall.Kill(pid, 0) == nil { // until the test's own deadline
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), "squid", l, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), `there is no proxy "squid"`) {
		t.Errorf("error %v", err)
	}
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Nginx, l, "nowhere at all"); err == nil || !strings.Contains(err.Error(), "it ended at once") {
		t.Errorf("error %v", err)
	}
}
