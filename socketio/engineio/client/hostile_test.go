package client

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"transportlab/socketio/engineio"
)

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition was not met in 20 s")
		}
	}
}

const handshake = `0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`

// script answers the polls of one session with the given payloads, one after the other, then with 400.
func script(t *testing.T, payloads ...string) string {
	t.Helper()
	answers := make(chan string, len(payloads))
	for _, p := range payloads {
		answers <- p
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			io.WriteString(w, "ok")
			return
		}
		select {
		case p := <-answers:
			io.WriteString(w, p)
		default:
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"code":1,"message":"Session ID unknown"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestBadHandshakesAreRefused(t *testing.T) {
	for _, payload := range []string{
		"", "abc", "4hello", "2", "0", "0{", `0{"sid":""}`, `0[]`, `0"x"`, "b" + base64.StdEncoding.EncodeToString([]byte("{}")),
		`0{"sid":"abc","pingInterval":0,"pingTimeout":1}`, `0{"sid":"abc","pingInterval":1,"pingTimeout":-1}`,
		`0{"sid":"abc","pingInterval":9000000000000000000,"pingTimeout":9000000000000000000}`,
		`0{"sid":7,"pingInterval":1,"pingTimeout":1}`, "\x1e\x1e", handshake + "\x1e",
	} {
		d, err := New(script(t, payload), Options{Transports: []string{Polling}})
		if err != nil {
			t.Fatal(err)
		}
		if conn, err := d.Dial(t.Context()); !errors.Is(err, engineio.ErrMalformed) {
			t.Errorf("handshake %q: connection %v, error %v", payload, conn, err)
		}
		d.Close()
	}
}

// A server says something and ends the session; the client's POST overtakes the answer to its poll.
func TestLastWordsAreHeard(t *testing.T) {
	posted := make(chan struct{})
	polls := make(chan string, 2)
	polls <- handshake
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"code":1,"message":"Session ID unknown"}`)
			w.(http.Flusher).Flush()
			close(posted)
			return
		}
		select {
		case p := <-polls:
			io.WriteString(w, p)
		default:
			<-posted
			io.WriteString(w, "4goodbye\x1e1")
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, server.URL, Options{Transports: []string{Polling}})
	if err := s.Send(text("hello?")); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, s.closed); r != engineio.ReasonTransportClose {
		t.Errorf("reason %q", r)
	}
	select {
	case m := <-s.messages:
		if string(m.Data) != "goodbye" {
			t.Errorf("heard %q", m.Data)
		}
	default:
		t.Error("the server's last words were lost")
	}
}

func TestBadPacketsEndTheSession(t *testing.T) {
	for _, payload := range []string{"abc", "", "9", "4a\x1e", "b!!!!", "4\xff", handshake, "5"} {
		s := dial(t, script(t, handshake, payload), Options{Transports: []string{Polling}})
		if r := receive(t, s.closed); r != engineio.ReasonTransportError {
			t.Errorf("payload %q: reason %q", payload, r)
		}
		if err := receive(t, s.cause); !errors.Is(err, engineio.ErrMalformed) {
			t.Errorf("payload %q: cause %v", payload, err)
		}
	}
}

func TestServersErrorIsTold(t *testing.T) {
	s := dial(t, script(t, handshake), Options{Transports: []string{Polling}})
	receive(t, s.closed)
	var te *TransportError
	if err := receive(t, s.cause); !errors.As(err, &te) || te.Op != "xhr poll error" || te.Status != 400 || te.Code != 1 ||
		te.Message != "Session ID unknown" {
		t.Errorf("cause %v", err)
	}
}

func TestPacketsWithTheHandshakeAreNotLost(t *testing.T) {
	s := dial(t, script(t, handshake+"\x1e4one\x1e4two", "4three"), Options{Transports: []string{Polling}})
	for _, want := range []string{"one", "two", "three"} {
		if m := receive(t, s.messages); string(m.Data) != want {
			t.Errorf("got %q, want %q", m.Data, want)
		}
	}
}

// rawWebSocket accepts one WebSocket and gives its connection to f.
func rawWebSocket(t *testing.T, f func(net.Conn, *bufio.ReadWriter)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(sum[:]))
		f(conn, rw)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func frame(first byte, payload string) string {
	if len(payload) < 126 {
		return string([]byte{first, byte(len(payload))}) + payload
	}
	return string([]byte{first, 126, byte(len(payload) >> 8), byte(len(payload))}) + payload
}

func TestTruncatedWebSocketMessageIsRefused(t *testing.T) {
	url := rawWebSocket(t, func(_ net.Conn, rw *bufio.ReadWriter) {
		rw.WriteString(frame(0x81, handshake))
		rw.WriteString(frame(0x01, "4the first half")) // no FIN, then the stream ends
		rw.Flush()
	})
	s := dial(t, url, Options{Transports: []string{WebSocket}})
	if r := receive(t, s.closed); r != engineio.ReasonTransportClose {
		t.Errorf("reason %q", r)
	}
	if err := receive(t, s.cause); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cause %v", err)
	}
	if len(s.messages) > 0 {
		t.Errorf("message was delivered: %q", (<-s.messages).Data)
	}
}

func TestFloodOfFragmentsEndsTheSession(t *testing.T) {
	url := rawWebSocket(t, func(conn net.Conn, rw *bufio.ReadWriter) {
		rw.WriteString(frame(0x81, handshake))
		rw.WriteString(frame(0x01, "4"))
		empty := strings.Repeat(frame(0x00, ""), 1000)
		for {
			if _, err := rw.WriteString(empty); err != nil {
				return
			}
		}
	})
	s := dial(t, url, Options{Transports: []string{WebSocket}, MaxMessage: 10_000})
	receive(t, s.closed)
	if err := receive(t, s.cause); !errors.Is(err, errFragments) {
		t.Errorf("cause %v", err)
	}
}

func TestPingsWithoutReadingFillNoMemory(t *testing.T) {
	c := &Conn{}
	c.changed.L = &c.mu
	for range 1000 {
		c.pong()
	}
	if len(c.queue) != 1 {
		t.Errorf("%d pongs are queued", len(c.queue))
	}
}

// net/http would repeat the poll on a new connection, and what the lost answer held would be missing.
func TestBrokenPollIsNotRepeated(t *testing.T) {
	var polls atomic.Int32
	server := serve(t, engineio.Options{}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.URL.Query().Get("sid") != "" && polls.Add(1) == 2 {
				panic(http.ErrAbortHandler) // the answer to a request on a reused connection is lost
			}
			h.ServeHTTP(w, r)
		})
	})
	s := dial(t, server.URL, Options{Transports: []string{Polling}})
	if err := s.Send(text("x")); err != nil { // ends the first poll
		t.Fatal(err)
	}
	if r := receive(t, s.closed); r != engineio.ReasonTransportError {
		t.Errorf("reason %q", r)
	}
	s.Wait()
	if n := polls.Load(); n != 2 {
		t.Errorf("%d polls", n)
	}
}

func TestUnusableTargetsAreRefused(t *testing.T) {
	for _, target := range []string{"ftp://host", "http://", "://", "http://[::1", "", "http://host:port"} {
		if _, err := New(target, Options{}); err == nil {
			t.Errorf("target %q was taken", target)
		}
	}
	if _, err := New("http://host", Options{Transports: []string{"webtransport"}}); err == nil {
		t.Error("unknown transport was taken")
	}
}
