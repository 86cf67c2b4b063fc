package socketio

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A lab is a server on the loopback interface.
type lab struct {
	t      *testing.T
	server *Server
	web    *httptest.Server
	client *http.Client
}

func newLab(t *testing.T, o Options) *lab {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	l := &lab{t: t, server: NewServer(o)}
	l.web = httptest.NewServer(l.server)
	l.client = l.web.Client()
	t.Cleanup(func() {
		if err := l.server.Close(); err != nil {
			t.Error(err)
		}
		l.client.CloseIdleConnections()
		l.web.Close()
		for _, ns := range l.server.namespaces {
			if len(ns.local.sockets) != 0 || len(ns.local.rooms) != 0 || ns.arriving != 0 {
				t.Errorf("namespace %s: %d sockets, %d rooms, %d arriving are left", ns.name, len(ns.local.sockets),
					len(ns.local.rooms), ns.arriving)
			}
		}
	})
	return l
}

// A line is a client's connection, spoken by hand: texts without the Engine.IO type.
type line struct {
	*lab
	c *websocket.Conn
}

// dial opens a connection without joining a namespace.
func (l *lab) dial() *line {
	l.t.Helper()
	c, _, err := websocket.Dial(l.t.Context(), l.web.URL+"/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{HTTPClient: l.client})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.CloseNow() })
	if _, text, err := c.Read(l.t.Context()); err != nil || text[0] != '0' {
		l.t.Fatalf("open packet %q, %v", text, err)
	}
	return &line{l, c}
}

// join opens a connection and joins a namespace.
func (l *lab) join(connect string) *line {
	l.t.Helper()
	c := l.dial()
	c.say("0" + connect)
	if got := c.hear(); !strings.Contains(got, `{"sid":"`) {
		l.t.Fatalf("CONNECT is answered %q", got)
	}
	return c
}

func (l *line) say(text string) {
	l.t.Helper()
	if err := l.c.Write(l.t.Context(), websocket.MessageText, []byte("4"+text)); err != nil {
		l.t.Fatalf("say %q: %v", text, err)
	}
}

func (l *line) sayBinary(data ...byte) {
	l.t.Helper()
	if err := l.c.Write(l.t.Context(), websocket.MessageBinary, data); err != nil {
		l.t.Fatalf("say %x: %v", data, err)
	}
}

// hear returns the next text, or the bytes of a binary frame.
func (l *line) hear() string {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
	defer cancel()
	typ, data, err := l.c.Read(ctx)
	if err != nil {
		l.t.Fatalf("nothing to hear: %v", err)
	}
	if typ == websocket.MessageText {
		return string(data[1:])
	}
	return string(data)
}

func (l *line) expect(want string) {
	l.t.Helper()
	if got := l.hear(); got != want {
		l.t.Fatalf("heard %q, want %q", got, want)
	}
}

// silence checks that nothing was on the way, by an echo that comes after it.
func (l *line) silence() {
	l.t.Helper()
	l.say(`2["echo"]`)
	l.expect(`2["echoed"]`)
}

// gone checks that the server closes the connection.
func (l *line) gone() {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := l.c.Read(ctx); err != nil {
			if ctx.Err() != nil {
				l.t.Fatal("the connection stays open")
			}
			return
		}
	}
}

// answerEcho makes silence work.
func answerEcho(s *Socket) {
	s.OnEvent("echo", func(ctx context.Context, _ *Event) error { return s.Emit(ctx, "echoed") })
}

// A record gathers what happens, from any goroutine.
type record struct {
	mu   sync.Mutex
	list []string
}

func (r *record) add(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, what)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.list, " ")
}

// become waits until the record is want.
func (r *record) become(t *testing.T, want string) {
	t.Helper()
	eventually(t, func() bool { return r.String() == want }, func() string { return "got " + r.String() + ", want " + want })
}

func eventually(t *testing.T, ok func() bool, failure func() string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(failure())
		}
	}
}

// http sends a request and returns the answer's body.
func (l *lab) http(method, path, body string) string {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), method, l.web.URL+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	res, err := l.client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}
