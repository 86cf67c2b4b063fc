package admin

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/parser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A node is an instrumented server on the loopback interface.
type node struct {
	t      *testing.T
	server *socketio.Server
	admin  *Admin
	url    string
}

func newNode(t *testing.T, so socketio.Options, o Options) *node {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	so.Logger, o.Logger = quiet, quiet
	n := &node{t: t, server: socketio.NewServer(so)}
	web := httptest.NewServer(n.server)
	n.url = web.URL
	var err error
	if n.admin, err = Instrument(n.server, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.admin.Close()
		if err := n.server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
		n.admin.mu.Lock()
		defer n.admin.mu.Unlock()
		if len(n.admin.clients) != 0 || len(n.admin.sessions) != 0 {
			t.Errorf("%d connections and %d sessions are left", len(n.admin.clients), len(n.admin.sessions))
		}
	})
	return n
}

// socket returns a client's socket that does not connect yet.
func (n *node) socket(namespace string, o client.Options) *client.Socket {
	n.t.Helper()
	o.Reconnection.Disabled = true
	m, err := client.New(n.url, o)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			n.t.Errorf("close client: %v", err)
		}
	})
	return m.Socket(namespace, client.SocketOptions{})
}

var onWebSocket = client.Options{Transports: []string{client.WebSocket}}

func (n *node) join(namespace string) *client.Socket {
	n.t.Helper()
	s := n.socket(namespace, onWebSocket)
	connect(n.t, s)
	return s
}

func connect(t *testing.T, s *client.Socket) {
	t.Helper()
	s.Connect()
	if err := s.Wait(deadline(t)); err != nil {
		t.Fatalf("connect to %s: %v", s.Namespace(), err)
	}
}

// deadline is met only by a broken test.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// A page is an administrator's client and what it has heard.
type page struct {
	*client.Socket
	t *testing.T

	mu    sync.Mutex
	heard []heard
}

// heard is an event and its arguments.
type heard struct {
	event string
	args  []any
	raw   []parser.Value
}

// page connects to the admin namespace.
func (n *node) page(auth any) *page {
	n.t.Helper()
	p := n.pageSocket(auth)
	connect(n.t, p.Socket)
	return p
}

func (n *node) pageSocket(auth any) *page {
	n.t.Helper()
	p := &page{Socket: n.socket(n.admin.opts.Namespace, onWebSocket), t: n.t}
	if auth != nil {
		p.SetAuth(auth)
	}
	p.OnAny(func(_ context.Context, e *client.Event) error {
		h := heard{event: e.Name, raw: e.Args}
		for _, v := range e.Args {
			var a any
			if err := v.Decode(&a); err != nil {
				return err
			}
			h.args = append(h.args, a)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard = append(p.heard, h)
		return nil
	})
	return p
}

// wait returns the first event heard so far, or soon, that ok accepts.
func (p *page) wait(event string, ok func(args []any) bool) heard {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		p.mu.Lock()
		at := slices.IndexFunc(p.heard, func(h heard) bool { return h.event == event && (ok == nil || ok(h.args)) })
		var found heard
		if at >= 0 {
			found = p.heard[at]
		}
		list := slices.Clone(p.heard)
		p.mu.Unlock()
		if at >= 0 {
			return found
		}
		if time.Now().After(end) {
			for _, h := range list {
				p.t.Log(h.event, h.args)
			}
			p.t.Fatalf("no %q as expected", event)
		}
	}
}

// starts accepts events whose arguments begin with these.
func starts(want ...any) func([]any) bool {
	return func(args []any) bool { return len(args) >= len(want) && same(args[:len(want)], want) }
}

// same compares by JSON, so that numbers are alike.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// field accepts events whose first argument is an object with the field.
func field(name string, want any) func([]any) bool {
	return func(args []any) bool {
		if len(args) == 0 {
			return false
		}
		object, ok := args[0].(map[string]any)
		return ok && same(object[name], want)
	}
}

func (p *page) has(event string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.heard, func(h heard) bool { return h.event == event })
}

// command sends a command.
func (p *page) command(event string, args ...any) {
	p.t.Helper()
	if err := p.Emit(p.t.Context(), event, args...); err != nil {
		p.t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in 20 s: %s", what)
		}
	}
}
