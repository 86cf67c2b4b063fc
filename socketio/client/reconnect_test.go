package client_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"transportlab/socketio"
	"transportlab/socketio/client"
)

func TestReconnectsAfterTheConnectionIsCut(t *testing.T) {
	for name, list := range transports {
		t.Run(name, func(t *testing.T) {
			server := serve(t, socketio.Options{}, nil)
			server.Of("/").OnConnect(echo)
			m := manager(t, server.URL, client.Options{Transports: list})
			attempts := make(chan int, 10)
			m.OnReconnect(func(n int) { attempts <- n })
			s := m.Socket("/", client.SocketOptions{})
			connects, left := make(chan struct{}, 10), make(chan client.Reason, 10)
			s.OnConnect(func(context.Context) { connects <- struct{}{} })
			s.OnDisconnect(func(r client.Reason, _ error) { left <- r })
			s.Connect()
			receive(t, connects)
			id := s.ID()
			eventually(t, func() bool { // a cut between two polls goes unnoticed
				server.cut()
				return len(left) > 0
			})
			if r := receive(t, left); r != "transport close" && r != "transport error" {
				t.Errorf("reason %q", r)
			}
			receive(t, connects)
			if n := receive(t, attempts); n < 1 {
				t.Errorf("attempt %d", n)
			}
			wait(t, s)
			if s.ID() == id || s.Recovered() {
				t.Error("the new connection has the old id")
			}
			if _, err := s.EmitWithAck(deadline(t), "echo", 1); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNothingIsMissedWithRecovery(t *testing.T) {
	server := serve(t, socketio.Options{Recovery: &socketio.RecoveryOptions{}}, nil)
	connected := make(chan *socketio.Socket, 10)
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		s.Join("room")
		connected <- s
	})
	s := connect(t, server.URL, "/", client.Options{Transports: []string{client.WebSocket}}, client.SocketOptions{
		Auth: map[string]string{"user": "ada"},
	})
	got := make(chan int, 10)
	client.OnMessage(s, "n", func(_ context.Context, n int) error { got <- n; return nil })
	first := receive(t, connected)
	id := s.ID()
	emit := func(n int) {
		if err := server.Of("/").To("room").Emit(t.Context(), "n", n, []byte("data")); err != nil {
			t.Fatal(err)
		}
	}
	emit(1)
	if n := receive(t, got); n != 1 {
		t.Errorf("got %d", n)
	}
	left := make(chan struct{})
	first.OnDisconnect(func(socketio.Reason, error) { close(left) })
	server.cut()
	receive(t, left)
	emit(2)
	receive(t, connected)
	emit(3)
	for _, want := range []int{2, 3} {
		if n := receive(t, got); n != want {
			t.Errorf("got %d, want %d", n, want)
		}
	}
	if !s.Recovered() || s.ID() != id {
		t.Errorf("recovered %v, id %s, before %s", s.Recovered(), s.ID(), id)
	}
}

func TestRetriesDeliverOverABrokenConnection(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	var mu sync.Mutex
	var got []int
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		socketio.OnMessage(s, "n", func(_ context.Context, n int) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, n)
			if n == 5 && len(got) < 7 {
				server.cut() // before the acknowledgement
			}
			return nil
		})
	})
	s := connect(t, server.URL, "/", client.Options{Transports: []string{client.WebSocket}}, client.SocketOptions{Retries: 100})
	for n := range 10 {
		if err := s.Emit(t.Context(), "n", n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.EmitWithAck(deadline(t), "n", 10); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if unique := slices.Compact(slices.Clone(got)); !slices.Equal(unique, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) || len(got) == len(unique) {
		t.Errorf("the server saw %v", got)
	}
}

func TestClientsShareManagersByServerAndNamespace(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/a")
	var clients client.Clients
	defer func() {
		if err := clients.Close(deadline(t)); err != nil {
			t.Error(err)
		}
		if _, err := clients.Socket(server.URL, client.Options{}, client.SocketOptions{}); !errors.Is(err, client.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}()
	socket := func(target string, o client.Options) *client.Socket {
		s, err := clients.Socket(target, o, client.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.Connect()
		wait(t, s)
		return s
	}
	first := socket(server.URL+"?x=1", client.Options{})
	second := socket(server.URL+"/a", client.Options{})
	if second.Manager() != first.Manager() || second.Namespace() != "/a" || first.Namespace() != "/" {
		t.Error("namespaces do not share a manager")
	}
	if again := socket(server.URL+"/a", client.Options{}); again.Manager() == first.Manager() {
		t.Error("the same namespace twice shares a manager")
	}
	if own := socket(server.URL+"/a", client.Options{ForceNew: true}); own.Manager() == first.Manager() {
		t.Error("ForceNew shares a manager")
	}
	if _, err := clients.Socket("http://[", client.Options{}, client.SocketOptions{}); err == nil {
		t.Error("a broken address was taken")
	}
}

func TestHTTPClientCarriesProxyAndTLS(t *testing.T) {
	io := socketio.NewServer(socketio.Options{})
	io.Of("/").OnConnect(echo)
	server := httptest.NewTLSServer(io)
	defer server.Close()
	defer io.Close()
	doubting := manager(t, server.URL, client.Options{Reconnection: client.Reconnection{Disabled: true}})
	refused := make(chan error, 1)
	doubting.OnError(func(err error) { refused <- err })
	doubting.Socket("/", client.SocketOptions{}).Connect()
	var unknown x509.UnknownAuthorityError
	if err := receive(t, refused); !errors.As(err, &unknown) {
		t.Errorf("self-signed certificate: %v", err)
	}
	trusting := server.Client() // knows the certificate
	s := connect(t, server.URL, "/", client.Options{HTTPClient: trusting}, client.SocketOptions{})
	eventually(t, func() bool { return s.Manager().Transport() == client.WebSocket })
	if _, err := s.EmitWithAck(deadline(t), "echo"); err != nil {
		t.Error(err)
	}

	var mu sync.Mutex
	var asked []string
	plain := serve(t, socketio.Options{}, nil)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Host)
		mu.Unlock()
		plain.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(through)}
	defer transport.CloseIdleConnections()
	connect(t, "http://example.invalid", "/", client.Options{HTTPClient: &http.Client{Transport: transport}, DisableUpgrade: true}, client.SocketOptions{})
	mu.Lock()
	defer mu.Unlock()
	if len(asked) == 0 || asked[0] != "example.invalid" {
		t.Errorf("proxy was asked for %q", asked)
	}
}
