package engineio

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPostIsEchoedInOnePayload(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	a := w.do("POST", live, "4test1\x1ebAQIDBA==\x1e4tést2", "Content-Type", "text/plain;charset=UTF-8")
	if a.status != 200 || a.body != "ok" || a.header.Get("Content-Type") != "text/html" || a.header.Get("Content-Length") != "2" ||
		a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("POST: %+v", a)
	}
	if a := w.do("GET", live, ""); a.status != 200 || a.body != "4test1\x1ebAQIDBA==\x1e4tést2" {
		t.Errorf("GET: %+v", a)
	}
}

// get sends a GET that is expected to wait, and returns when the session has it parked.
func (w *world) park(live string) <-chan answer {
	w.t.Helper()
	answers := make(chan answer, 1)
	go func() { // ends with the request, at the latest with the server
		a, err := w.try(context.Background(), "GET", live, nil)
		if err != nil {
			a.body = err.Error()
		}
		answers <- a
	}()
	w.until("the poll to park", func() bool {
		s := w.open[len(w.open)-1]
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.poll != nil
	})
	return answers
}

func TestSecondPollEndsTheSession(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	first := w.park(live)
	if a := w.do("GET", live, ""); a.status != 400 {
		t.Errorf("second GET: %+v", a)
	}
	if a := <-first; a.status != 200 || a.body != "1" {
		t.Errorf("first GET: %+v", a)
	}
	if a := w.do("GET", live, ""); a.status != 400 || a.body != `{"code":1,"message":"Session ID unknown"}` {
		t.Errorf("after that: %+v", a)
	}
	if got := w.reasons(1); got[0] != ReasonTransportError {
		t.Errorf("reason %q", got)
	}
}

func TestSecondPostEndsTheSession(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	body, writer := io.Pipe()
	first := make(chan answer, 1)
	go func() { // ends when the body does
		a, _ := w.try(context.Background(), "POST", live, body)
		first <- a
	}()
	if _, err := io.WriteString(writer, "4first"); err != nil {
		t.Fatal(err)
	}
	w.until("the first POST to arrive", func() bool {
		w.open[0].mu.Lock()
		defer w.open[0].mu.Unlock()
		return w.open[0].posting
	})
	if a := w.do("POST", live, "4second"); a.status != 400 {
		t.Errorf("second POST: %+v", a)
	}
	w.reasons(1)
	_ = writer.Close()
	<-first
	if a := w.do("GET", live, ""); a.body != `{"code":1,"message":"Session ID unknown"}` {
		t.Errorf("after that: %+v", a)
	}
}

func TestBadPayloadEndsTheSession(t *testing.T) {
	for _, payload := range []string{"abc", "", "4a\x1e", "\x1e\x1e", "7", "b$$$", "2probe", "2", "5", "0", "4\xff", "4malformed", "4panic"} {
		w := onNetwork(t, Options{})
		live := w.poll()
		if a := w.do("POST", live, payload); a.status != 400 || a.body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("%q: %+v", payload, a)
		}
		if a := w.do("GET", live, ""); a.status != 400 || a.body != `{"code":1,"message":"Session ID unknown"}` {
			t.Errorf("%q, then GET: %+v", payload, a)
		}
		if got := w.reasons(1); got[0] != ReasonParseError {
			t.Errorf("%q: reason %q", payload, got)
		}
	}
}

func TestNoopAndStrayPongAreIgnored(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	if a := w.do("POST", live, "6\x1e3\x1e4still here"); a.status != 200 {
		t.Errorf("%+v", a)
	}
	if a := w.do("GET", live, ""); a.body != "4still here" {
		t.Errorf("%+v", a)
	}
}

func TestPacketsAfterCloseAreDropped(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	parked := w.park(live)
	if a := w.do("POST", live, "1\x1e4late"); a.status != 200 || a.body != "ok" {
		t.Errorf("POST: %+v", a)
	}
	if a := <-parked; a.status != 200 || a.body != "6" {
		t.Errorf("GET: %+v", a)
	}
	if got := w.reasons(1); got[0] != ReasonTransportClose {
		t.Errorf("reason %q", got)
	}
	if a := w.do("GET", live, ""); a.body != `{"code":1,"message":"Session ID unknown"}` {
		t.Errorf("after that: %+v", a)
	}
}

func TestPollThatCrossesTheCloseIsReleased(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	w.do("POST", live, "1")
	w.reasons(1)
	if a := w.do("POST", live, "4x"); a.body != `{"code":1,"message":"Session ID unknown"}` {
		t.Errorf("POST: %+v", a)
	}
	if a := w.do("GET", live, ""); a.status != 200 || a.body != "6" {
		t.Errorf("crossing GET: %+v", a)
	}
	if a := w.do("GET", live, ""); a.body != `{"code":1,"message":"Session ID unknown"}` {
		t.Errorf("second GET: %+v", a)
	}
}

func TestBinaryPostOfVersion3IsAnsweredAndEnds(t *testing.T) {
	w := onNetwork(t, Options{})
	for range 200 {
		live := w.poll()
		if a := w.do("POST", live, "\x00\x01\xff4", "Content-Type", "application/octet-stream"); a.status != 400 {
			t.Fatalf("%+v", a)
		}
		if a := w.do("GET", live, ""); a.status != 400 {
			t.Fatalf("then GET: %+v", a)
		}
	}
	w.reasons(200)
}

func TestTooLargeBodyIsRefusedAndTheSessionStays(t *testing.T) {
	w := onNetwork(t, Options{MaxPayload: 1000})
	live := w.poll()
	for _, c := range []struct {
		name string
		body io.Reader
		want int
	}{
		{"exactly the limit", strings.NewReader("4" + strings.Repeat("x", 999)), 200},
		{"one more", strings.NewReader("4" + strings.Repeat("x", 1000)), 413},
		{"one more, chunked", io.MultiReader(strings.NewReader("4" + strings.Repeat("x", 1000))), 413},
		{"exactly the limit, chunked", io.MultiReader(strings.NewReader("4" + strings.Repeat("x", 999))), 200},
	} {
		a, err := w.try(t.Context(), "POST", live, c.body)
		if err != nil || a.status != c.want {
			t.Errorf("%s: %d, %v, want %d", c.name, a.status, err, c.want)
		}
	}
	if a := w.do("GET", live, ""); a.status != 200 || len(a.body) != 2*1000+1 {
		t.Errorf("GET: %d, %d bytes", a.status, len(a.body))
	}
}

func TestAbortedPollEndsTheSession(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { // ends with its context
		_, err := w.try(ctx, "GET", live, nil)
		failed <- err
	}()
	w.until("the poll to park", func() bool {
		w.open[0].mu.Lock()
		defer w.open[0].mu.Unlock()
		return w.open[0].poll != nil
	})
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := w.reasons(1); got[0] != ReasonTransportError {
		t.Errorf("reason %q", got)
	}
}

func TestCutPostEndsTheSession(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "POST /engine.io/?"+live+" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4hal"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.reasons(1); got[0] != ReasonTransportError {
		t.Errorf("reason %q", got)
	}
}

func TestCloseAnswersTheNextPoll(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	s := w.open[0]
	if err := s.Send(NewMessage([]byte("last words"), false)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Send(NewMessage([]byte("too late"), false)); !errors.Is(err, ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}
	if a := w.do("GET", live, ""); a.body != "4last words\x1e1" {
		t.Errorf("%+v", a)
	}
	if got := w.reasons(1); got[0] != ReasonForcedClose {
		t.Errorf("reason %q", got)
	}
}

func TestLargeAnswersAreCompressedForThoseWhoWantIt(t *testing.T) {
	w := onNetwork(t, Options{MaxPayload: 1 << 20})
	text := strings.Repeat("compressible ", 200)
	for _, c := range []struct {
		accept, encoding string
		reader           func(io.Reader) (io.Reader, error)
	}{
		{"", "", nil},
		{"br", "", nil},
		{"gzip;q=0", "", nil},
		{"deflate, gzip", "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"deflate", "deflate", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
		{"gzip;q=0.2, deflate;q=0.9", "deflate", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
	} {
		live := w.poll()
		w.do("POST", live, "4"+text)
		a := w.do("GET", live, "", slices.Concat([]string{"X", "y"}, acceptHeader(c.accept))...)
		if a.header.Get("Content-Encoding") != c.encoding || (a.header.Get("Content-Length") == "") != (c.encoding != "") {
			t.Errorf("%q: %v", c.accept, a.header)
		}
		body := a.body
		if c.reader != nil {
			r, err := c.reader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			body = string(plain)
		}
		if body != "4"+text {
			t.Errorf("%q: %d bytes come out", c.accept, len(body))
		}
	}
	live := w.poll()
	if err := w.open[len(w.open)-1].Send(NewMessage([]byte(text), false).Uncompressed()); err != nil {
		t.Fatal(err)
	}
	if a := w.do("GET", live, "", "Accept-Encoding", "gzip"); a.header.Get("Content-Encoding") != "" {
		t.Errorf("uncompressed message: %v", a.header)
	}
}

func acceptHeader(value string) []string {
	if value == "" {
		return nil
	}
	return []string{"Accept-Encoding", value}
}

func TestPollOutlivesTheServersWriteTimeout(t *testing.T) {
	w := onNetwork(t, Options{})
	// A second HTTP server in front of the same sessions, with a WriteTimeout shorter than the poll.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: w.server, WriteTimeout: 50 * time.Millisecond, ReadHeaderTimeout: time.Second}
	done := make(chan struct{})
	go func() { // ends with web.Close
		defer close(done)
		_ = web.Serve(l)
	}()
	defer func() { _ = web.Close(); <-done }()
	w.url = "http://" + l.Addr().String() + "/engine.io/"
	live := w.poll()
	parked := w.park(live)
	time.AfterFunc(150*time.Millisecond, func() { _ = w.open[0].Send(NewMessage([]byte("late"), false)) })
	if a := <-parked; a.status != 200 || a.body != "4late" {
		t.Errorf("%+v", a)
	}
}
