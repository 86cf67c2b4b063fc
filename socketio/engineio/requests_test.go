package engineio

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestHandshakeHasExactlyFiveKeys(t *testing.T) {
	w := onNetwork(t, Options{})
	a := w.do("GET", polls, "")
	if a.status != 200 || a.header.Get("Content-Type") != "text/plain; charset=UTF-8" || a.header.Get("Cache-Control") != "no-store" ||
		a.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
		t.Errorf("answer %d %v", a.status, a.header)
	}
	check := func(packet, upgrades string) {
		t.Helper()
		var keys map[string]any
		if err := json.Unmarshal([]byte(packet[1:]), &keys); err != nil || packet[0] != '0' {
			t.Fatalf("open packet %q: %v", packet, err)
		}
		sid, _ := keys["sid"].(string)
		if len(keys) != 5 || len(sid) != 20 || fmt.Sprint(keys["upgrades"]) != upgrades || keys["pingInterval"] != 25000.0 ||
			keys["pingTimeout"] != 20000.0 || keys["maxPayload"] != 1000000.0 {
			t.Errorf("got %v", keys)
		}
	}
	check(a.body, "[websocket]")
	_, text, err := w.dial(sockets).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(string(text), "[]")
}

func TestRefusalsAreTheOfficialServers(t *testing.T) {
	forbid := Options{AllowRequest: func(r *http.Request) error {
		if r.Header.Get("X-Forbidden") != "" {
			return errors.New("not you")
		}
		return nil
	}}
	w := onNetwork(t, forbid)
	live := w.poll()
	for _, c := range []struct {
		name, method, query string
		header              []string
		status              int
		body                string
	}{
		{"no transport", "GET", "EIO=4", nil, 400, `{"code":0,"message":"Transport unknown"}`},
		{"unknown transport", "GET", "EIO=4&transport=abc", nil, 400, `{"code":0,"message":"Transport unknown"}`},
		{"prototype transport", "GET", "EIO=4&transport=__proto__", nil, 400, `{"code":0,"message":"Transport unknown"}`},
		{"webtransport", "GET", "EIO=4&transport=webtransport", nil, 400, `{"code":0,"message":"Transport unknown"}`},
		{"unknown session", "GET", polls + "&sid=abc", nil, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"prototype session", "GET", polls + "&sid=__proto__", nil, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"POST handshake", "POST", polls, nil, 400, `{"code":2,"message":"Bad handshake method"}`},
		{"PUT handshake", "PUT", polls, nil, 400, `{"code":2,"message":"Bad handshake method"}`},
		{"websocket without upgrade", "GET", sockets, nil, 400, `{"code":3,"message":"Bad request"}`},
		{"other transport of a session", "GET", strings.Replace(live, "polling", "websocket", 1), nil, 400, `{"code":3,"message":"Bad request"}`},
		{"other version of a session", "GET", strings.Replace(live, "EIO=4", "EIO=3", 1), nil, 400, `{"code":3,"message":"Bad request"}`},
		{"no version of a session", "GET", strings.Replace(live, "EIO=4&", "", 1), nil, 400, `{"code":3,"message":"Bad request"}`},
		{"forbidden", "GET", polls, []string{"X-Forbidden", "1"}, 403, `{"code":4,"message":"not you"}`},
		{"forbidden before version", "GET", "EIO=3&transport=polling", []string{"X-Forbidden", "1"}, 403, `{"code":4,"message":"not you"}`},
		{"no version", "GET", "transport=polling", nil, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"odd version", "GET", "EIO=abc&transport=polling", nil, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"version 3", "GET", "EIO=3&transport=polling", nil, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"PUT to a session", "PUT", live, nil, 400, `{"code":2,"message":"Bad handshake method"}`},
	} {
		a := w.do(c.method, c.query, "", c.header...)
		if a.status != c.status || a.body != c.body || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %q %v, want %d %q", c.name, a.status, a.body, a.header, c.status, c.body)
		}
	}
}

func TestRefusedUpgradeIsAnsweredInPlainText(t *testing.T) {
	w := onNetwork(t, Options{AllowRequest: func(r *http.Request) error {
		if r.Header.Get("X-Forbidden") != "" {
			return errors.New("not you")
		}
		return nil
	}})
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	for _, c := range []struct{ query, extra, body string }{
		{"EIO=4&transport=abc", "", "Transport unknown"},
		{sockets + "&sid=abc", "", "Session ID unknown"},
		{"transport=websocket", "", "Unsupported protocol version"},
		{sockets, "X-Forbidden", "not you"},
		{polls, "", "Bad request"},
	} {
		header := upgrade
		if c.extra != "" {
			header = append(append([]string(nil), upgrade...), c.extra, "1")
		}
		a := w.do("GET", c.query, "", header...)
		if a.status != 400 || a.body != c.body || a.header.Get("Content-Type") != "text/html" || !a.closes {
			t.Errorf("?%s: got %d %q %v", c.query, a.status, a.body, a.header)
		}
	}
}

func TestCORSIsSentOnlyWhenAskedFor(t *testing.T) {
	plain := onNetwork(t, Options{})
	a := plain.do("GET", polls, "", "Origin", "https://evil.example")
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("without CORS: %s: %v", name, a.header[name])
		}
	}
	w := onNetwork(t, Options{CORS: &CORS{Origins: []string{"https://good.example"}, Credentials: true}})
	a = w.do("GET", polls, "", "Origin", "https://good.example")
	if a.header.Get("Access-Control-Allow-Origin") != "https://good.example" || a.header.Get("Vary") != "Origin" ||
		a.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("allowed origin: %v", a.header)
	}
	a = w.do("GET", polls, "", "Origin", "https://evil.example")
	if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Vary") != "Origin" {
		t.Errorf("other origin: %v", a.header)
	}
	a = w.do("OPTIONS", polls, "", "Origin", "https://good.example", "Access-Control-Request-Headers", "x-a,x-b")
	if a.status != 204 || a.header.Get("Access-Control-Allow-Methods") != "GET,HEAD,PUT,PATCH,POST,DELETE" ||
		a.header.Get("Access-Control-Allow-Headers") != "x-a,x-b" {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
	open := onNetwork(t, Options{CORS: &CORS{Origins: []string{"*"}, Credentials: true}})
	a = open.do("GET", polls, "", "Origin", "https://any.example")
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("any origin: %v", a.header)
	}
}

func TestCheckOriginGuardsEveryRequest(t *testing.T) {
	w := onNetwork(t, Options{CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" }})
	if a := w.do("GET", polls, "", "Origin", "https://evil.example"); a.status != 403 {
		t.Errorf("handshake: %d", a.status)
	}
	live := w.poll()
	if a := w.do("POST", live, "4x", "Origin", "https://evil.example"); a.status != 403 {
		t.Errorf("POST: %d", a.status)
	}
}

func TestCookieCarriesTheSession(t *testing.T) {
	w := onNetwork(t, Options{Cookie: &http.Cookie{}})
	a := w.do("GET", polls, "")
	sid, _, _ := strings.Cut(strings.TrimPrefix(a.body, `0{"sid":"`), `"`)
	if got, want := a.header.Get("Set-Cookie"), "io="+sid+"; Path=/; HttpOnly; SameSite=Lax"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHeaderHooksSeeEveryAnswer(t *testing.T) {
	w := onNetwork(t, Options{
		InitialHeaders: func(h http.Header, _ *http.Request) { h.Set("X-First", "1") },
		Headers:        func(h http.Header, _ *http.Request) { h.Set("X-Every", "1") },
	})
	a := w.do("GET", polls, "")
	if a.header.Get("X-First") != "1" || a.header.Get("X-Every") != "1" {
		t.Errorf("handshake: %v", a.header)
	}
	if a := w.do("POST", w.poll(), "4x"); a.header.Get("X-First") != "" || a.header.Get("X-Every") != "1" {
		t.Errorf("POST: %v", a.header)
	}
}

func TestFullServerAsksToComeLater(t *testing.T) {
	w := onNetwork(t, Options{MaxSessions: 1})
	w.poll()
	if a := w.do("GET", polls, ""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("got %d %v", a.status, a.header)
	}
}

func TestGeneratedIDMustBeHarmlessAndNew(t *testing.T) {
	id := ""
	w := onNetwork(t, Options{GenerateID: func(*http.Request) (string, error) { return id, nil }})
	for _, bad := range []string{"", "a b", "a;b", "a\r\nb", strings.Repeat("a", 65)} {
		id = bad
		if a := w.do("GET", polls, ""); a.status != 400 || a.body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("id %q: %d %q", bad, a.status, a.body)
		}
	}
	id = "same"
	w.poll()
	if a := w.do("GET", polls, ""); a.status != 400 {
		t.Errorf("second session with the id: %d", a.status)
	}
}
