package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"transportlab/socketio/engineio"
)

func text(s string) engineio.Packet { return engineio.Packet{Data: []byte(s)} }

func TestMessagesPassBothWaysInOrder(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    Options
	}{
		{"polling", Options{Transports: []string{Polling}}},
		{"websocket", Options{Transports: []string{WebSocket}}},
		{"upgraded", Options{}},
		{"base64 polling", Options{Transports: []string{Polling}, ForceBase64: true}},
		{"uncompressed", Options{Transports: []string{WebSocket}, CompressionThreshold: -1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := serve(t, engineio.Options{}, nil)
			s := dial(t, server.URL, tc.o)
			const n = 200
			for i := range n {
				m := text(fmt.Sprintf("message %d ☃", i))
				m.Binary = i%3 == 0
				if err := s.Send(m); err != nil {
					t.Fatal(err)
				}
			}
			for i := range n {
				m := receive(t, s.messages)
				if want := fmt.Sprintf("message %d ☃", i); string(m.Data) != want || m.Binary != (i%3 == 0) {
					t.Fatalf("message %d is %q, binary %v", i, m.Data, m.Binary)
				}
			}
			if tc.name == "upgraded" {
				receive(t, s.upgraded)
				if s.Transport() != WebSocket {
					t.Errorf("transport after the upgrade is %s", s.Transport())
				}
			}
			eventually(t, func() bool { return s.Buffered() == 0 && s.Writable() })
		})
	}
}

func TestPayloadsStayBelowTheServersLimit(t *testing.T) {
	server := serve(t, engineio.Options{MaxPayload: 1000}, nil)
	s := dial(t, server.URL, Options{Transports: []string{Polling}})
	message := strings.Repeat("x", 300)
	for range 20 {
		if err := s.Send(text(message), engineio.Packet{Binary: true, Data: []byte(message)}); err != nil {
			t.Fatal(err)
		}
	}
	for range 40 {
		if m := receive(t, s.messages); string(m.Data) != message {
			t.Fatalf("got %d bytes", len(m.Data))
		}
	}
}

func TestUpgradeFailureLeavesPollingWorking(t *testing.T) {
	server := serve(t, engineio.Options{}, refuseUpgrades)
	s := dial(t, server.URL, Options{})
	err := receive(t, s.failed)
	var te *TransportError
	if !errors.As(err, &te) || te.Status != http.StatusForbidden {
		t.Errorf("upgrade failed with %v", err)
	}
	if err := s.Send(text("still here")); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, s.messages); string(m.Data) != "still here" || s.Transport() != Polling {
		t.Errorf("got %q over %s", m.Data, s.Transport())
	}
}

func refuseUpgrades(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			http.Error(w, "no upgrades here", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func TestFallsBackToTheNextTransport(t *testing.T) {
	server := serve(t, engineio.Options{}, refuseUpgrades)
	order := []string{WebSocket, Polling}
	s := dial(t, server.URL, Options{Transports: order, TryAllTransports: true, DisableUpgrade: true})
	if s.Transport() != Polling {
		t.Errorf("transport is %s", s.Transport())
	}
	d, err := New(server.URL, Options{Transports: order})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var te *TransportError
	if _, err := d.Dial(t.Context()); !errors.As(err, &te) || te.Op != "websocket error" || te.Status != http.StatusForbidden {
		t.Errorf("without TryAllTransports: %v", err)
	}
}

func TestRememberUpgradeBeginsWithWebSocket(t *testing.T) {
	var mu sync.Mutex
	var first []string
	server := serve(t, engineio.Options{}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("sid") == "" {
				mu.Lock()
				first = append(first, r.URL.Query().Get("transport"))
				mu.Unlock()
			}
			h.ServeHTTP(w, r)
		})
	})
	d, err := New(server.URL, Options{RememberUpgrade: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	s := dialWith(t, d)
	receive(t, s.upgraded)
	s.Close()
	s.Wait()
	dialWith(t, d)
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(first, []string{Polling, WebSocket}) {
		t.Errorf("sessions began with %v", first)
	}
}

func TestRequestsCarryWhatTheOptionsSay(t *testing.T) {
	var mu sync.Mutex
	var seen []*http.Request
	server := serve(t, engineio.Options{Cookie: &http.Cookie{}}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			seen = append(seen, r.Clone(context.Background()))
			mu.Unlock()
			h.ServeHTTP(w, r)
		})
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	s := dial(t, server.URL+"?room=1", Options{
		HTTPClient: &http.Client{Jar: jar, Transport: transport}, Header: http.Header{"x-token": {"abc"}},
		TransportHeader: map[string]http.Header{WebSocket: {"X-Token": {"def"}}},
		Query:           url.Values{"user": {"a b"}}, Path: "/socket.io", TimestampRequests: TimestampAll,
	})
	receive(t, s.upgraded)
	mu.Lock()
	defer mu.Unlock()
	stamps := map[string]bool{}
	for i, r := range seen {
		q := r.URL.Query()
		if r.URL.Path != "/socket.io/" || q.Get("EIO") != "4" || q.Get("user") != "a b" || q.Get("room") != "1" {
			t.Errorf("request %d: %s", i, r.URL)
		}
		if stamps[q.Get("t")] || len(q.Get("t")) != 8 {
			t.Errorf("request %d: timestamp %q", i, q.Get("t"))
		}
		stamps[q.Get("t")] = true
		token := "abc"
		if q.Get("transport") == WebSocket {
			token = "def"
		}
		if r.Header.Get("X-Token") != token {
			t.Errorf("request %d: token %q", i, r.Header.Get("X-Token"))
		}
		if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "text/plain;charset=UTF-8" {
			t.Errorf("request %d: content type %q", i, r.Header.Get("Content-Type"))
		}
		if c, err := r.Cookie("io"); i > 0 && (err != nil || c.Value != s.ID()) {
			t.Errorf("request %d: no sticky cookie: %v", i, err)
		}
	}
}

func TestCloseReachesTheServer(t *testing.T) {
	for _, transport := range []string{Polling, WebSocket} {
		t.Run(transport, func(t *testing.T) {
			server := serve(t, engineio.Options{}, nil)
			s := dial(t, server.URL, Options{Transports: []string{transport}})
			if err := s.Send(text("last words")); err != nil {
				t.Fatal(err)
			}
			s.Close()
			if err := s.Send(text("too late")); !errors.Is(err, engineio.ErrClosed) {
				t.Errorf("Send after Close: %v", err)
			}
			s.Wait()
			eventually(t, func() bool { return server.engine.Sessions() == 0 })
			select {
			case r := <-s.closed:
				t.Errorf("Closed was called with %q after Close", r)
			default:
			}
		})
	}
}

func TestServerCloseIsTransportClose(t *testing.T) {
	for _, transport := range []string{Polling, WebSocket} {
		t.Run(transport, func(t *testing.T) {
			server := serve(t, engineio.Options{}, nil)
			s := dial(t, server.URL, Options{Transports: []string{transport}})
			server.session().Close()
			if r := receive(t, s.closed); r != engineio.ReasonTransportClose {
				t.Errorf("reason %q", r)
			}
			s.Wait()
		})
	}
}

func TestTooLargeMessageEndsTheSession(t *testing.T) {
	for _, transport := range []string{Polling, WebSocket} {
		t.Run(transport, func(t *testing.T) {
			server := serve(t, engineio.Options{}, nil)
			s := dial(t, server.URL, Options{Transports: []string{transport}, MaxMessage: 1000})
			if err := server.session().Send(engineio.NewMessage(bytes.Repeat([]byte{'x'}, 5000), false)); err != nil {
				t.Fatal(err)
			}
			if r := receive(t, s.closed); r != engineio.ReasonTransportError {
				t.Errorf("reason %q", r)
			}
			if err := receive(t, s.cause); !errors.Is(err, engineio.ErrPayloadTooLarge) {
				t.Errorf("cause %v", err)
			}
		})
	}
}

func TestDrainWaitsForRoom(t *testing.T) {
	server := serve(t, engineio.Options{}, nil)
	s := dial(t, server.URL, Options{Transports: []string{WebSocket}})
	if err := s.Send(text("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Drain(t.Context(), 0); err != nil {
		t.Errorf("Drain: %v", err)
	}
	if n := s.Buffered(); n != 0 {
		t.Errorf("%d bytes are buffered after Drain", n)
	}
}

func TestPollingOverHTTP2AndWebSocketBesideIt(t *testing.T) {
	engine := engineio.NewServer(engineio.Options{}, func(s *engineio.Socket) engineio.Handler { return echo{s} })
	var versions sync.Map
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		versions.Store(r.URL.Query().Get("transport"), r.ProtoMajor)
		engine.ServeHTTP(w, r)
	}))
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(func() { engine.Close(); web.Close() })
	s := dial(t, web.URL, Options{HTTPClient: web.Client()})
	if err := s.Send(text("one"), text("two")); err != nil {
		t.Fatal(err)
	}
	receive(t, s.upgraded)
	if err := s.Send(text("three")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two", "three"} {
		if m := receive(t, s.messages); string(m.Data) != want {
			t.Errorf("got %q, want %q", m.Data, want)
		}
	}
	for transport, want := range map[string]int{Polling: 2, WebSocket: 1} {
		if got, _ := versions.Load(transport); got != want {
			t.Errorf("%s used HTTP/%v", transport, got)
		}
	}
}
