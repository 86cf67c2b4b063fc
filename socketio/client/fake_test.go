package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A fakeServer is a server of one client over polling, without a network, so that it runs in fake time. What the client
// posts comes out of sent; what goes into polls is the answer to a poll.
type fakeServer struct {
	polls chan string
	sent  chan string
	begun notes // when sessions were asked for, since start
	start time.Time
	down  atomic.Bool // no session can be opened
	hang  atomic.Bool // requests for one are not answered
}

func newFakeServer() *fakeServer {
	return &fakeServer{polls: make(chan string, 100), sent: make(chan string, 1000), start: time.Now()}
}

// options returns o with the requests going to the fake server.
func (f *fakeServer) options(o Options) Options {
	o.HTTPClient = &http.Client{Transport: f}
	return o
}

// notes is a list that several goroutines write.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, fmt.Sprintf(format, args...))
}

func (n *notes) expect(t *testing.T, want ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.list, want) {
		t.Errorf("got  %q\nwant %q", n.list, want)
	}
}

var errDown = errors.New("network is down")

// RoundTrip implements http.RoundTripper.
func (f *fakeServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body := "ok"
	switch {
	case r.URL.Query().Get("sid") == "":
		f.begun.add("%v", time.Since(f.start))
		if f.hang.Load() {
			<-r.Context().Done()
		}
		if f.down.Load() || f.hang.Load() {
			return nil, errDown
		}
		body = `0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
	case r.Method == http.MethodGet:
		select {
		case body = <-f.polls:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	default:
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		for packet := range strings.SplitSeq(string(b), "\x1e") {
			f.sent <- packet
		}
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// start runs f with a manager of the fake server, in fake time.
func start(t *testing.T, o Options, f func(t *testing.T, server *fakeServer, m *Manager)) {
	synctest.Test(t, func(t *testing.T) {
		server := newFakeServer()
		m, err := New("http://host", server.options(o))
		if err != nil {
			t.Fatal(err)
		}
		f(t, server, m)
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func (f *fakeServer) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-f.sent; got != w {
			t.Fatalf("client sent %q, want %q", got, w)
		}
	}
}
