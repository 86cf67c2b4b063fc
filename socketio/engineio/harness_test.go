package engineio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A pipeListener is a network in memory, which works with fake time.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return address("pipe") }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// A world is a server whose sessions send back every message, and a client to it.
type world struct {
	t      *testing.T
	server *Server
	client *http.Client
	url    string
	addr   string // of the real network, or ""

	mu     sync.Mutex
	open   []*Socket
	closed []Reason
	causes []error
}

// An echo is the handler of one session.
type echo struct {
	w *world
	s *Socket
}

func (e *echo) Message(data []byte, binary bool) error {
	switch string(data) {
	case "malformed":
		return errors.New("on purpose")
	case "panic":
		panic("on purpose")
	}
	return e.s.Send(NewMessage(data, binary))
}

func (e *echo) Closed(reason Reason, err error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.closed = append(e.w.closed, reason)
	e.w.causes = append(e.w.causes, err)
}

// inMemory makes a world for fake time.
func inMemory(t *testing.T, o Options) *world {
	return newWorld(t, o, &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})})
}

// onNetwork makes a world on the loopback interface.
func onNetwork(t *testing.T, o Options) *world {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, o, l)
}

func newWorld(t *testing.T, o Options, l net.Listener) *world {
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	w := &world{t: t, url: "http://engine/engine.io/"}
	w.server = NewServer(o, func(s *Socket) Handler {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.open = append(w.open, s)
		return &echo{w, s}
	})
	transport := &http.Transport{DisableCompression: true}
	if pipe, ok := l.(*pipeListener); ok {
		transport.DialContext = pipe.dial
	} else {
		w.addr = l.Addr().String()
		w.url = "http://" + w.addr + "/engine.io/"
	}
	w.client = &http.Client{Transport: transport}
	web := &http.Server{Handler: w.server, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan struct{})
	go func() { // ends with web.Close
		defer close(served)
		_ = web.Serve(l)
	}()
	t.Cleanup(func() {
		w.server.Close()
		transport.CloseIdleConnections()
		_ = web.Close()
		<-served
		if n := w.server.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
	return w
}

// reasons waits until n sessions have ended and returns why.
func (w *world) reasons(n int) []Reason {
	w.t.Helper()
	w.until("sessions to end", func() bool { return len(w.closed) >= n })
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// until waits for a condition, which is checked with w.mu held.
func (w *world) until(what string, cond func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		ok := cond()
		w.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for %s", what)
		}
	}
}

type answer struct {
	status int
	header http.Header
	body   string
	closes bool // the connection
}

// do sends a request; query is what follows "?".
func (w *world) do(method, query, body string, header ...string) answer {
	w.t.Helper()
	a, err := w.try(w.t.Context(), method, query, strings.NewReader(body), header...)
	if err != nil {
		w.t.Fatalf("%s ?%s: %v", method, query, err)
	}
	return a
}

func (w *world) try(ctx context.Context, method, query string, body io.Reader, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.url+"?"+query, body)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(res.Body)
	return answer{res.StatusCode, res.Header, text.String(), res.Close}, err
}

const polls = "EIO=4&transport=polling"

// poll opens a session over polling and returns the query of its requests.
func (w *world) poll() string {
	w.t.Helper()
	a := w.do("GET", polls, "")
	sid, _, found := strings.Cut(strings.TrimPrefix(a.body, `0{"sid":"`), `"`)
	if a.status != 200 || !found {
		w.t.Fatalf("handshake: %d %q", a.status, a.body)
	}
	return polls + "&sid=" + sid
}

// dial opens a WebSocket.
func (w *world) dial(query string) *websocket.Conn {
	w.t.Helper()
	c, _, err := websocket.Dial(w.t.Context(), w.url+"?"+query, &websocket.DialOptions{HTTPClient: w.client})
	if err != nil {
		w.t.Fatalf("dial ?%s: %v", query, err)
	}
	c.SetReadLimit(10 << 20)
	w.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

const sockets = "EIO=4&transport=websocket"

func (w *world) send(c *websocket.Conn, text string) {
	w.t.Helper()
	if err := c.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatalf("send %q: %v", text, err)
	}
}

func (w *world) expect(c *websocket.Conn, want string) {
	w.t.Helper()
	_, got, err := c.Read(w.t.Context())
	if err != nil || string(got) != want {
		w.t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

// expectEnd reads until the connection ends and returns the close code.
func (w *world) expectEnd(c *websocket.Conn) websocket.StatusCode {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			if ctx.Err() != nil {
				w.t.Fatal("the connection stays open")
			}
			return websocket.CloseStatus(err)
		}
	}
}
