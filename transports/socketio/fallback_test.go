package socketio

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/memlog"
)

// A proxy stands between client and server, counts handshakes by transport, and may refuse upgrades.
type proxy struct {
	to      http.Handler
	refuses bool

	mu       sync.Mutex
	upgrades int // asked for
	polls    int
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrade := r.Header.Get("Upgrade") != ""
	p.mu.Lock()
	if upgrade {
		p.upgrades++
	} else {
		p.polls++
	}
	p.mu.Unlock()
	if upgrade && p.refuses {
		http.Error(w, "this proxy knows nothing of WebSockets", http.StatusForbidden)
		return
	}
	p.to.ServeHTTP(w, r)
}

func (p *proxy) counts() (upgrades, polls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upgrades, p.polls
}

// through starts a transport's server and a proxy before it, and returns where to dial.
func through(t *testing.T, arm transports.Transport, refuses bool) (*proxy, transports.Target) {
	t.Helper()
	log := memlog.New(memlog.Options{})
	t.Cleanup(func() { log.Close() })
	node := transports.NewServer(log, transports.Policy{}, arm)
	server := httptest.NewServer(node)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := node.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}, refuses: refuses}
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return p, transports.Target{URL: front.URL + "/" + arm.Info().Name, Topic: "t", Client: client}
}

func echo(t *testing.T, arm transports.Transport, target transports.Target) (transports.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := arm.Dial(ctx, target)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	for _, m := range []transports.Message{{ID: "text", Data: []byte("grüß")}, {ID: "binary", Data: []byte{0xff, 0}, Binary: true}} {
		at, err := c.Send(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Recv(ctx); err != nil || got.Cursor != at || string(got.Data) != string(m.Data) || got.Binary != m.Binary {
			t.Fatalf("received %+v, %v; want %+v at %s", got, err, m, at)
		}
	}
	return c, nil
}

func TestFallsBackToPollingBehindAProxyThatRefusesUpgrades(t *testing.T) {
	for _, arm := range []transports.Transport{New(transports.Options{}), NewRooms(transports.Options{}), NewUpgrade(transports.Options{})} {
		t.Run(arm.Info().Name, func(t *testing.T) {
			p, target := through(t, arm, true)
			c, err := echo(t, arm, target)
			if err != nil {
				t.Fatal(err)
			}
			upgrades, polls := p.counts()
			for deadline := time.Now().Add(10 * time.Second); upgrades == 0 && time.Now().Before(deadline); upgrades, polls = p.counts() {
				time.Sleep(time.Millisecond) // who begins with polling tries beside it
			}
			if upgrades != 1 || polls == 0 {
				t.Errorf("the proxy saw %d upgrades and %d other requests, want 1 and some", upgrades, polls)
			}
			if name := c.(*conn).manager.Transport(); name != "polling" {
				t.Errorf("the connection is on %q", name)
			}
		})
	}
}

func TestWebSocketAloneDoesNotFallBack(t *testing.T) {
	arm := NewWebSocket(transports.Options{})
	p, target := through(t, arm, true)
	if _, err := echo(t, arm, target); err == nil {
		t.Error("a connection came about")
	}
	if upgrades, polls := p.counts(); upgrades != 1 || polls != 0 {
		t.Errorf("the proxy saw %d upgrades and %d other requests, want 1 and none", upgrades, polls)
	}
}

func TestModesUseTheirTransports(t *testing.T) {
	for _, tc := range []struct {
		arm   transports.Transport
		want  string
		polls bool
	}{
		{New(transports.Options{}), "websocket", false},
		{NewPolling(transports.Options{}), "polling", true},
		{NewUpgrade(transports.Options{}), "websocket", true},
	} {
		t.Run(tc.arm.Info().Name, func(t *testing.T) {
			p, target := through(t, tc.arm, false)
			c, err := echo(t, tc.arm, target)
			if err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(10 * time.Second); c.(*conn).manager.Transport() != tc.want; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the connection stays on %q, want %q", c.(*conn).manager.Transport(), tc.want)
				}
			}
			if _, polls := p.counts(); polls > 0 != tc.polls {
				t.Errorf("the proxy saw %d requests besides upgrades", polls)
			}
		})
	}
}

func TestASessionBelongsToItsTopic(t *testing.T) {
	arm := NewPolling(transports.Options{})
	_, target := through(t, arm, false)
	open := func(path string) *http.Response {
		t.Helper()
		r, err := target.Client.Get(target.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Body.Close() })
		return r
	}
	var hello [200]byte
	n, _ := open("/mine?EIO=4&transport=polling").Body.Read(hello[:])
	_, rest, _ := strings.Cut(string(hello[:n]), `"sid":"`)
	sid, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no session in %q", hello[:n])
	}
	if r := open("/other?EIO=4&transport=polling&sid=" + sid); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a session was reached through another topic: %s", r.Status)
	}
}

func TestForeignOriginsAreRefused(t *testing.T) {
	arm := New(transports.Options{Origins: []string{"https://good.example"}})
	_, target := through(t, arm, false)
	for origin, want := range map[string]error{"https://good.example": nil, "https://evil.example": transports.ErrOrigin} {
		target.Header = http.Header{"Origin": {origin}}
		if _, err := echo(t, arm, target); !errors.Is(err, want) {
			t.Errorf("a page of %s: %v, want %v", origin, err, want)
		}
	}
}
