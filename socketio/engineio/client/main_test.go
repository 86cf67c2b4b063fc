package client

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/socketio/engineio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An echoServer sends every message back.
type echoServer struct {
	*httptest.Server
	engine *engineio.Server
	mu     sync.Mutex
	last   *engineio.Socket
}

type echo struct{ s *engineio.Socket }

func (e echo) Message(data []byte, binary bool) error {
	return e.s.Send(engineio.NewMessage(data, binary))
}
func (echo) Closed(engineio.Reason, error) {}

func serve(t *testing.T, o engineio.Options, wrap func(http.Handler) http.Handler) *echoServer {
	t.Helper()
	s := &echoServer{}
	s.engine = engineio.NewServer(o, func(sock *engineio.Socket) engineio.Handler {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.last = sock
		return echo{sock}
	})
	var h http.Handler = s.engine
	if wrap != nil {
		h = wrap(h)
	}
	s.Server = httptest.NewServer(h)
	t.Cleanup(func() {
		s.engine.Close()
		s.Server.Close()
	})
	return s
}

func (s *echoServer) session() *engineio.Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// A session is a Conn whose events a test reads from channels.
type session struct {
	*Conn
	messages chan engineio.Packet
	upgraded chan struct{}
	failed   chan error
	closed   chan engineio.Reason
	cause    chan error
}

func dial(t *testing.T, url string, o Options) *session {
	t.Helper()
	d, err := New(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return dialWith(t, d)
}

func dialWith(t *testing.T, d *Dialer) *session {
	t.Helper()
	conn, err := d.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &session{conn, make(chan engineio.Packet, 1000), make(chan struct{}, 1), make(chan error, 1),
		make(chan engineio.Reason, 1), make(chan error, 1)}
	conn.Start(Handler{
		Message:       func(data []byte, binary bool) { s.messages <- engineio.Packet{Data: data, Binary: binary} },
		Upgraded:      func() { s.upgraded <- struct{}{} },
		UpgradeFailed: func(err error) { s.failed <- err },
		Closed:        func(r engineio.Reason, err error) { s.closed <- r; s.cause <- err },
	})
	t.Cleanup(func() { conn.Close(); conn.Wait() })
	return s
}

// receive waits for a value with a deadline that only a broken test meets.
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
