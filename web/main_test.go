package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/carrier"
	"transportlab/transports/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An inside is a node in the test's own process.
type inside struct {
	server *carrier.Server
	arms   transports.Server
	mu     sync.Mutex
	dead   bool
}

func (n *inside) URL() string { return n.server.URL() }

func (n *inside) Usage() (Usage, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return Usage{}, errors.New("it is dead")
	}
	now := time.Now()
	return Usage{At: now, CPU: time.Duration(now.UnixNano() / 4), RSS: 7 << 20}, nil
}

func (n *inside) die() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead = true
}

func (n *inside) Kill() {
	n.die()
	n.server.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = n.arms.Shutdown(ended) // what a process leaves to the system
}

func (n *inside) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer n.die()
	return n.server.Shutdown(ctx)
}

// A demo is one under test.
type demo struct {
	*Server
	t     *testing.T
	log   *memlog.Log
	nodes []*inside
}

func settings() transports.Options {
	return transports.Options{Interval: 20 * time.Millisecond, Hold: 100 * time.Millisecond}
}

// page is a page of two files.
func page() fstest.MapFS {
	return fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>page</title>")}, "js/main.js": {Data: []byte("export {}")},
		"notes.exe": {Data: []byte("MZ")}}
}

// start starts a demo over a log in memory.
func start(t *testing.T, change func(*Options)) *demo {
	t.Helper()
	d := &demo{t: t, log: memlog.New(memlog.Options{})}
	var mu sync.Mutex
	o := Options{
		Log: d.log, Store: "memory", Version: "test", Settings: settings(), Static: page(),
		Logger: slog.New(slog.DiscardHandler),
		StartNode: func(_ context.Context, _ string, origins []string) (Node, error) {
			settings := settings()
			settings.Origins = origins
			arms := transports.NewServer(d.log, transports.Policy{}, all.Transports(settings)...)
			server, err := carrier.Listen(carrier.H1, "127.0.0.1:0", arms, carrier.ServerOptions{})
			if err != nil {
				return nil, err
			}
			n := &inside{server: server, arms: arms}
			mu.Lock()
			defer mu.Unlock()
			d.nodes = append(d.nodes, n)
			return n, nil
		},
	}
	if change != nil {
		change(&o)
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d.Server = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		d.log.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return d
}

// An answer is one that a test got.
type reply struct {
	*http.Response
	body string
}

// code is that of an error's body.
func (r reply) code() string {
	var b struct {
		Error struct{ Code string }
	}
	_ = json.Unmarshal([]byte(r.body), &b) // "" then
	return b.Error.Code
}

func (d *demo) do(method, path, body string, header ...string) reply {
	d.t.Helper()
	req, err := http.NewRequest(method, strings.TrimSuffix(d.URL(), "/")+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	p, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return reply{resp, string(p)}
}

func (d *demo) post(path, body string) {
	d.t.Helper()
	if r := d.do("POST", path, body); r.StatusCode/100 != 2 {
		d.t.Fatalf("POST %s %s is answered %s: %s", path, body, r.Status, r.body)
	}
}

// An ear hears the demo's events.
type ear struct {
	t      *testing.T
	cancel context.CancelFunc
	events chan map[string]any
	done   chan struct{}
}

func (d *demo) listen() *ear {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", d.URL()+"api/events", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	e := &ear{d.t, cancel, make(chan map[string]any, 1000), make(chan struct{})}
	go func() { // ends with cancel, or with the server
		defer close(e.done)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
			if !ok {
				continue
			}
			var event map[string]any
			if json.Unmarshal(data, &event) == nil {
				select {
				case e.events <- event:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	d.t.Cleanup(e.leave)
	return e
}

func (e *ear) leave() {
	e.cancel()
	<-e.done
}

// hear waits for an event of a type that is right.
func (e *ear) hear(kind string, right func(map[string]any) bool) map[string]any {
	e.t.Helper()
	late := time.After(20 * time.Second)
	var last map[string]any
	for {
		select {
		case event := <-e.events:
			if event["type"] != kind {
				continue
			}
			if last = event; right == nil || right(event) {
				return event
			}
		case <-e.done:
			e.t.Fatalf("the events end without the right %q; the last was %v", kind, last)
		case <-late:
			e.t.Fatalf("no right %q comes; the last was %v", kind, last)
		}
	}
}

// raw sends bytes as they are and returns the status line.
func (d *demo) raw(request string) string {
	d.t.Helper()
	c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(d.URL(), "http://"), "/"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		d.t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// writeReport makes a folder that looks like a report's.
func writeReport(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"report.html": "<!doctype html><title>Two &amp; three – transportlab</title><script>alert(1)</script>",
		"result.json": "{}", "secret.sh": "#!"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
