package admin

import (
	"context"
	"regexp"
	"testing"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/parser"
)

var isoDate = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

func dated(t *testing.T, h heard, at int) {
	t.Helper()
	if len(h.args) != at+1 {
		t.Fatalf("%s has %d arguments", h.event, len(h.args))
	}
	if date, _ := h.args[at].(string); !isoDate.MatchString(date) {
		t.Errorf("%s: date %v", h.event, h.args[at])
	}
}

func TestAPageIsToldWhatItMayDo(t *testing.T) {
	commands := []any{"EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"}
	for name, tc := range map[string]struct {
		o    Options
		want []any
	}{
		"development":          {Options{}, append(commands[:7:7], "AGGREGATED_EVENTS", "ALL_EVENTS")},
		"production":           {Options{Production: true}, append(commands[:7:7], "AGGREGATED_EVENTS")},
		"read only":            {Options{ReadOnly: true}, []any{"AGGREGATED_EVENTS", "ALL_EVENTS"}},
		"read only production": {Options{ReadOnly: true, Production: true}, []any{"AGGREGATED_EVENTS"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.o.NoAuth = true
			p := newNode(t, socketio.Options{}, tc.o).page(nil)
			if h := p.wait("config", nil); !same(h.args, []any{map[string]any{"supportedFeatures": tc.want}}) {
				t.Errorf("config %v", h.args)
			}
		})
	}
}

func TestAPageIsToldTheSocketsThereAre(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	n.server.Of("/chat").Use(func(_ context.Context, s *socketio.Socket) error { // before its client hears that it has connected
		s.SetData(map[string]any{"name": "ada", "raw": []byte{1, 2}})
		s.Join("tea")
		return nil
	})
	o := client.Options{Transports: []string{client.Polling}, Header: map[string][]string{"X-Forwarded-For": {"192.0.2.7"}}}
	s := n.socket("/chat", o)
	s.SetAuth(map[string]string{"token": "secret"})
	connect(t, s)
	p := n.page(nil)
	h := p.wait("all_sockets", nil)
	list, _ := h.args[0].([]any)
	if len(list) != 2 {
		t.Fatalf("sockets %v", h.args[0])
	}
	elements, err := h.raw[0].Elements()
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range list {
		d := one.(map[string]any)
		shake := d["handshake"].(map[string]any)
		if len(d) != 7 || len(shake) != 8 {
			t.Errorf("description %v", d)
		}
		if d["id"] == p.ID() {
			if d["nsp"] != "/admin" || d["transport"] != "websocket" || !same(d["rooms"], []string{p.ID()}) || !same(d["data"], map[string]any{}) {
				t.Errorf("the page itself: %v", d)
			}
			continue
		}
		engine := n.server.Of("/chat").Socket(s.ID()).Conn().ID()
		if d["id"] != s.ID() || d["clientId"] != engine[:12] || d["transport"] != "polling" || d["nsp"] != "/chat" || !same(d["rooms"], []string{s.ID(), "tea"}) {
			t.Errorf("socket %v", d)
		}
		if shake["address"] != "192.0.2.7" || shake["auth"] != nil || shake["query"].(map[string]any)["EIO"] != "4" || shake["xdomain"] != false {
			t.Errorf("handshake %v", shake)
		}
		var data struct {
			Data struct {
				Name string `json:"name"`
				Raw  []byte `json:"raw"`
			} `json:"data"`
		}
		if err := elements[i].Decode(&data); err != nil || data.Data.Name != "ada" || string(data.Data.Raw) != "\x01\x02" {
			t.Errorf("data %+v, error %v", data, err)
		}
	}
}

func TestAPageIsToldWhatHappens(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	chat := n.server.Of("/chat") // made after Instrument
	chat.Use(func(_ context.Context, s *socketio.Socket) error { s.SetData(map[string]int{"early": 1}); return nil })
	chat.OnConnect(func(s *socketio.Socket) {
		socketio.On(s, "question", func(ctx context.Context, n int) (int, error) { return 2 * n, nil })
		s.OnEvent("join", func(context.Context, *socketio.Event) error { s.Join("tea"); return nil })
		s.OnEvent("leave", func(context.Context, *socketio.Event) error { s.Leave("tea"); return nil })
		s.OnEvent("data", func(context.Context, *socketio.Event) error { s.SetData("text"); return nil })
	})
	p := n.page(nil)
	p.wait("all_sockets", nil)
	s := n.join("/chat")
	id := s.ID()
	h := p.wait("socket_connected", field("id", id))
	dated(t, h, 1)
	if d := h.args[0].(map[string]any); !same(d["data"], map[string]int{"early": 1}) || !same(d["rooms"], []string{id}) {
		t.Errorf("description %v", d)
	}
	dated(t, p.wait("room_joined", starts("/chat", id, id)), 3)
	if answer, err := client.Request[int](deadline(t), s, "question", 21, []byte{7}); err != nil || answer != 42 {
		t.Fatalf("answer %d, %v", answer, err)
	}
	h = p.wait("event_received", starts("/chat", id))
	dated(t, h, 3)
	args, err := h.raw[2].Elements()
	var name string
	var number int
	var raw []byte
	if err != nil || len(args) != 3 || args[0].Decode(&name) != nil || args[1].Decode(&number) != nil || args[2].Decode(&raw) != nil ||
		name != "question" || number != 21 || string(raw) != "\x07" {
		t.Errorf("event %v, error %v", h.args, err)
	}
	for _, event := range []string{"join", "leave", "data"} {
		if err := s.Emit(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	dated(t, p.wait("room_joined", starts("/chat", "tea", id)), 3)
	dated(t, p.wait("room_left", starts("/chat", "tea", id)), 3)
	if h := p.wait("socket_updated", field("id", id)); !same(h.args, []any{map[string]any{"id": id, "nsp": "/chat", "data": "text"}}) {
		t.Errorf("update %v", h.args)
	}
	if err := chat.Emit(t.Context(), "news", "hot"); err != nil {
		t.Fatal(err)
	}
	dated(t, p.wait("event_sent", starts("/chat", id, []string{"news", "hot"})), 3)
	s.Disconnect()
	dated(t, p.wait("socket_disconnected", starts("/chat", id, "client namespace disconnect")), 3)
	p.wait("room_left", starts("/chat", id, id))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.heard {
		if h.event == "event_sent" && (h.args[0] == "/admin" || !same(h.args[2], []string{"news", "hot"})) {
			t.Errorf("neither acknowledgements nor what pages are sent is told: %v", h.args)
		}
	}
}

func TestAnUpgradeIsToldForEachSocketOfTheConnection(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	n.server.Of("/chat")
	p := n.page(nil)
	p.wait("all_sockets", nil)
	one := n.socket("/", client.Options{})
	two := one.Manager().Socket("/chat", client.SocketOptions{})
	connect(t, one)
	connect(t, two)
	for _, s := range []*client.Socket{one, two} {
		eventually(t, "the page knows "+s.Namespace()+" on a WebSocket", func() bool { // told with the socket, or as an update
			p.mu.Lock()
			defer p.mu.Unlock()
			transport := ""
			for _, h := range p.heard {
				if h.event != "socket_connected" && h.event != "socket_updated" {
					continue
				}
				if d := h.args[0].(map[string]any); d["id"] == s.ID() && d["nsp"] == s.Namespace() {
					transport, _ = d["transport"].(string)
				}
			}
			return transport == "websocket"
		})
	}
}

func TestInProductionOnlyNumbersAreTold(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true, Production: true})
	p := n.page(nil)
	p.wait("config", nil)
	s := n.join("/")
	if err := s.Emit(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	s.Disconnect()
	p.wait("server_stats", nil)
	p.mu.Lock()
	for _, h := range p.heard {
		if h.event != "config" && h.event != "server_stats" {
			t.Errorf("told %s %v", h.event, h.args)
		}
	}
	p.mu.Unlock()
	n.join("/")
	infos, err := n.server.Of("/").All().FetchSockets(t.Context())
	if err != nil || len(infos) != 1 || len(infos[0].Data.JSON) != 0 && string(infos[0].Data.JSON) != "{}" {
		t.Errorf("sockets %v, error %v", infos, err)
	}
}

func TestTheConnectionTravelsInTheData(t *testing.T) {
	c := connection{"abcdefghijkl", "polling"}
	own := `"_admin":{"clientId":"abcdefghijkl","transport":"polling"}`
	for _, tc := range []struct {
		data, joined, split string
	}{
		{``, `{` + own + `}`, `{}`},
		{`{}`, `{` + own + `}`, `{}`},
		{`{"a":1}`, `{` + own + `,"a":1}`, `{"a":1}`},
		{`{"_admin":{"clientId":"old","transport":"x"},"a":1}`, `{` + own + `,"a":1}`, `{"a":1}`},
		{`{"a":{"_admin":1}}`, `{` + own + `,"a":{"_admin":1}}`, `{"a":{"_admin":1}}`},
		{`null`, `null`, `null`},
		{`"_admin"`, `"_admin"`, `"_admin"`},
		{`[1]`, `[1]`, `[1]`},
		{`{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":0}`},
	} {
		joined := joinData(parser.Value{JSON: []byte(tc.data)}, c)
		if string(joined.JSON) != tc.joined {
			t.Errorf("%s became %s", tc.data, joined.JSON)
		}
		got, split := splitData(joined)
		if string(split.JSON) != tc.split || tc.joined != tc.split && got != c {
			t.Errorf("%s became %s and %v", joined.JSON, split.JSON, got)
		}
	}
	if got, _ := splitData(parser.Value{JSON: []byte(`{"_admin":7}`)}); got != (connection{}) {
		t.Errorf("another program's data became %v", got)
	}
}
