package client_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/parser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A server is a Socket.IO server whose TCP connections can be cut.
type server struct {
	*socketio.Server
	URL      string
	listener *listener
}

type listener struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
	return conn, err
}

// cut closes every TCP connection of the server, as a crash or a broken network does.
func (s *server) cut() {
	s.listener.mu.Lock()
	defer s.listener.mu.Unlock()
	for _, c := range s.listener.conns {
		if c != nil {
			_ = c.Close() // some are closed already
		}
	}
	s.listener.conns = nil
}

func serve(t *testing.T, o socketio.Options, wrap func(http.Handler) http.Handler) *server {
	t.Helper()
	s := &server{Server: socketio.NewServer(o)}
	var h http.Handler = s.Server
	if wrap != nil {
		h = wrap(h)
	}
	web := httptest.NewUnstartedServer(h)
	s.listener = &listener{Listener: web.Listener}
	web.Listener = s.listener
	web.Start()
	s.URL = web.URL
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close server: %v", err)
		}
		web.Close()
	})
	return s
}

// fast reconnects soon, so that tests do.
var fast = client.Reconnection{Delay: 10 * time.Millisecond, DelayMax: 50 * time.Millisecond, RandomizationFactor: -1}

func manager(t *testing.T, url string, o client.Options) *client.Manager {
	t.Helper()
	if o.Reconnection == (client.Reconnection{}) {
		o.Reconnection = fast
	}
	m, err := client.New(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Errorf("close manager: %v", err)
		}
	})
	return m
}

// connect returns a connected socket of a new manager.
func connect(t *testing.T, url, namespace string, o client.Options, so client.SocketOptions) *client.Socket {
	t.Helper()
	s := manager(t, url, o).Socket(namespace, so)
	s.Connect()
	wait(t, s)
	return s
}

func wait(t *testing.T, s *client.Socket) {
	t.Helper()
	if err := s.Wait(deadline(t)); err != nil {
		t.Fatalf("socket does not connect: %v", err)
	}
}

// deadline is met only by a broken test.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came in 20 s")
		panic("unreachable")
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition was not met in 20 s")
		}
	}
}

// log gathers, in order, what happens to a socket.
func log(s *client.Socket) <-chan string {
	ch := make(chan string, 1000)
	s.OnConnect(func(context.Context) { ch <- "connect" })
	s.OnConnectError(func(err error) { ch <- "connect_error: " + err.Error() })
	s.OnDisconnect(func(r client.Reason, _ error) { ch <- "disconnect: " + string(r) })
	s.OnAny(func(_ context.Context, e *client.Event) error {
		ch <- e.Name + string(parser.Array(e.Args...).JSON)
		return nil
	})
	return ch
}

func expect(t *testing.T, ch <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := receive(t, ch); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

// echo answers "echo" with its argument, and emits it back.
func echo(s *socketio.Socket) {
	s.OnEvent("echo", func(ctx context.Context, e *socketio.Event) error {
		all := make([]any, len(e.Args))
		for i, a := range e.Args {
			all[i] = a
		}
		if e.WantsAck() {
			return e.Ack(all...)
		}
		return s.Emit(ctx, "echo", all...)
	})
}
