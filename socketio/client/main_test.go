package client_test

import (
	"context"
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

// A server is a Socket.IO server on an address that stays the same when it is stopped and started again.
type server struct {
	*socketio.Server
	URL string

	mu   sync.Mutex
	http *httptest.Server
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Server.ServeHTTP(w, r) }

func serve(t *testing.T, o socketio.Options, wrap func(http.Handler) http.Handler) *server {
	t.Helper()
	s := &server{Server: socketio.NewServer(o)}
	var h http.Handler = s
	if wrap != nil {
		h = wrap(h)
	}
	s.http = httptest.NewServer(h)
	s.URL = s.http.URL
	t.Cleanup(func() {
		s.Close()
		s.http.Close()
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
