package nodeserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/client"
	"transportlab/socketio/parser"
)

var carriers = map[string]client.Options{
	"polling":            {Transports: []string{client.Polling}},
	"websocket":          {Transports: []string{client.WebSocket}},
	"upgraded":           {},
	"compressed":         {Transports: []string{client.WebSocket}}, // the server agrees, see below
	"websocket fallback": {Transports: []string{client.WebSocket, client.Polling}, TryAllTransports: true},
	"msgpack":            {Parser: parser.Msgpack{}},
}

func TestEventsAcknowledgementsAndBinaryData(t *testing.T) {
	for name, o := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := start(t, options{
				"msgpack": name == "msgpack", "perMessageDeflate": name == "compressed", "refuseUpgrades": name == "websocket fallback",
			}, 0)
			m := manager(t, node.URL, o)
			s := m.Socket("/", client.SocketOptions{Auth: map[string]string{"user": "ada"}})
			hello := make(chan map[string]string, 1)
			client.OnMessage(s, "hello", func(_ context.Context, auth map[string]string) error { hello <- auth; return nil })
			client.On(s, "question", func(_ context.Context, n int) (int, error) { return n + 22, nil })
			connect(t, s)
			if auth := receive(t, hello); auth["user"] != "ada" {
				t.Errorf("the server saw the credentials %v", auth)
			}
			if len(s.ID()) != 20 {
				t.Errorf("id %q", s.ID())
			}
			long := strings.Repeat("ä☃", 2000)
			answer, err := s.EmitWithAck(deadline(t), "echo", 1, long, []byte{0, 255}, map[string]any{"deep": [][]byte{{7}}})
			if err != nil {
				t.Fatal(err)
			}
			var text string
			var raw []byte
			var deep struct{ Deep [][]byte }
			if len(answer) != 4 || answer[1].Decode(&text) != nil || answer[2].Decode(&raw) != nil || answer[3].Decode(&deep) != nil ||
				text != long || string(raw) != "\x00\xff" || string(deep.Deep[0]) != "\x07" {
				t.Errorf("the echo of four arguments is %v", answer)
			}
			if n, err := client.Request[int](deadline(t), s, "ask me"); err != nil || n != 42 {
				t.Errorf("the server's question was answered %d, %v", n, err)
			}
			counted := make(chan int, 500)
			client.OnMessage(s, "count", func(_ context.Context, n int) error { counted <- n; return nil })
			if err := s.Emit(t.Context(), "times", 500); err != nil {
				t.Fatal(err)
			}
			for i := range 500 {
				if n := receive(t, counted); n != i {
					t.Fatalf("event %d came in place of %d", n, i)
				}
			}
			switch name {
			case "upgraded":
				eventually(t, func() bool { return m.Transport() == client.WebSocket })
			case "websocket fallback":
				if m.Transport() != client.Polling {
					t.Errorf("transport %s", m.Transport())
				}
			}
			s.Disconnect()
			if r := receive(t, node.left); r != "client namespace disconnect" {
				t.Errorf("the server's reason is %q", r)
			}
		})
	}
}

func TestNamespacesShareAConnectionAndMiddlewaresRefuse(t *testing.T) {
	node := start(t, nil, 0)
	m := manager(t, node.URL, client.Options{Transports: []string{client.WebSocket}})
	plain, admin, none := m.Socket("/plain", client.SocketOptions{}), m.Socket("/admin", client.SocketOptions{}), m.Socket("/none", client.SocketOptions{})
	connect(t, plain)
	var ce *client.ConnectError
	none.Connect()
	if err := none.Wait(deadline(t)); !errors.As(err, &ce) || ce.Message != "Invalid namespace" {
		t.Errorf("unknown namespace: %v", err)
	}
	admin.Connect()
	if err := admin.Wait(deadline(t)); !errors.As(err, &ce) || ce.Message != "not authorized" || string(ce.Data.JSON) != `{"code":7}` {
		t.Errorf("without a token: %v", err)
	}
	if admin.Active() {
		t.Error("a refused socket is active")
	}
	order := make(chan string, 10)
	admin.OnConnect(func(context.Context) { order <- "connect" })
	client.OnMessage(admin, "session", func(_ context.Context, text string) error { order <- text; return nil })
	admin.SetAuth(map[string]string{"token": "secret"})
	connect(t, admin)
	if a, b := receive(t, order), receive(t, order); a != "before connect" || b != "connect" {
		t.Errorf("events %q, %q", a, b)
	}
	for _, s := range []*client.Socket{plain, admin} {
		if where, err := client.Request[string](deadline(t), s, "where"); err != nil || "/"+where != s.Namespace() {
			t.Errorf("%s answered %q, %v", s.Namespace(), where, err)
		}
	}
	node.tell(t, "count")
	if said := receive(t, node.said); said[1] != 1.0 {
		t.Errorf("%v connections", said[1])
	}
}

func TestDisconnectReasons(t *testing.T) {
	node := start(t, nil, 0)
	for _, transport := range []string{client.Polling, client.WebSocket} {
		for _, tc := range []struct {
			event  string
			close  bool
			reason client.Reason
			active bool
		}{
			{"leave", false, "io server disconnect", false}, {"leave", true, "io server disconnect", false}, {"break", false, "transport close", true},
		} {
			t.Run(fmt.Sprint(transport, tc.event, tc.close), func(t *testing.T) {
				s := manager(t, node.URL, client.Options{Transports: []string{transport}}).Socket("/", client.SocketOptions{})
				reasons := make(chan client.Reason, 10)
				s.OnDisconnect(func(r client.Reason, _ error) { reasons <- r })
				connect(t, s)
				if err := s.Emit(t.Context(), tc.event, tc.close); err != nil {
					t.Fatal(err)
				}
				if r := receive(t, reasons); r != tc.reason || s.Active() != tc.active {
					t.Errorf("reason %q, active %v", r, s.Active())
				}
			})
		}
	}
}

func TestSilentAcknowledgementsTimeOut(t *testing.T) {
	node := start(t, nil, 0)
	s := manager(t, node.URL, client.Options{}).Socket("/", client.SocketOptions{AckTimeout: 20 * time.Millisecond})
	connect(t, s)
	if _, err := s.EmitWithAck(t.Context(), "silent"); !errors.Is(err, client.ErrAckTimeout) {
		t.Errorf("error %v", err)
	}
}

func TestVolatileEventsAreDroppedWhileOffline(t *testing.T) {
	node := start(t, nil, 0)
	s := manager(t, node.URL, client.Options{}).Socket("/", client.SocketOptions{})
	echoed := make(chan string, 10)
	client.OnMessage(s, "echo", func(_ context.Context, text string) error { echoed <- text; return nil })
	if err := s.Volatile().Emit(t.Context(), "echo", "dropped"); err != nil {
		t.Fatal(err)
	}
	if err := s.Emit(t.Context(), "echo", "kept"); err != nil {
		t.Fatal(err)
	}
	connect(t, s)
	if got := receive(t, echoed); got != "kept" {
		t.Errorf("the server got %q", got)
	}
	eventually(t, func() bool { // it leaves as soon as nothing else does
		if err := s.Volatile().Emit(t.Context(), "echo", "volatile"); err != nil {
			t.Fatal(err)
		}
		return len(echoed) > 0
	})
}

func TestHeadersQueryAndCookiesReachTheServer(t *testing.T) {
	node := start(t, nil, 0)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	m := manager(t, node.URL, client.Options{
		HTTPClient: &http.Client{Jar: jar, Transport: transport}, Header: http.Header{"X-Token": {"abc"}}, Query: url.Values{"room": {"1 & 2"}},
	})
	s := m.Socket("/", client.SocketOptions{})
	connect(t, s)
	answer, err := s.EmitWithAck(deadline(t), "handshake")
	if err != nil {
		t.Fatal(err)
	}
	var headers, query map[string]any
	if err := errors.Join(answer[0].Decode(&headers), answer[1].Decode(&query)); err != nil {
		t.Fatal(err)
	}
	if headers["x-token"] != "abc" || query["room"] != "1 & 2" || query["EIO"] != "4" || query["transport"] != "polling" {
		t.Errorf("headers %v, query %v", headers, query)
	}
	target, err := url.Parse(node.URL)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(jar.Cookies(target), func(c *http.Cookie) bool { return c.Name == "io" }) {
		t.Errorf("cookies %v", jar.Cookies(target))
	}
}
