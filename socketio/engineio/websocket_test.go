package engineio

import (
	"errors"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// live opens a WebSocket session.
func (w *world) live() *websocket.Conn {
	w.t.Helper()
	c := w.dial(sockets)
	if _, text, err := c.Read(w.t.Context()); err != nil || text[0] != '0' {
		w.t.Fatalf("open packet %q, %v", text, err)
	}
	return c
}

func TestWebSocketEchoesTextAndBinary(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.live()
	for _, size := range []int{0, 5, 125, 126, 4096, 70_000, 999_999} {
		text := strings.Repeat("x", size)
		w.send(c, "4"+text)
		w.expect(c, "4"+text)
		if err := c.Write(t.Context(), websocket.MessageBinary, []byte(text)); err != nil {
			t.Fatal(err)
		}
		typ, data, err := c.Read(t.Context())
		if err != nil || typ != websocket.MessageBinary || string(data) != text {
			t.Fatalf("binary of %d bytes: %v, %d bytes, %v", size, typ, len(data), err)
		}
	}
}

func TestBadPacketClosesTheWebSocket(t *testing.T) {
	for _, text := range []string{"abc", "9", "", "2", "2probe", "5", "0", "4malformed", "4panic"} {
		w := onNetwork(t, Options{})
		c := w.live()
		w.send(c, text)
		if code := w.expectEnd(c); code != closeProtocol {
			t.Errorf("%q: close code %d", text, code)
		}
		if got := w.reasons(1); got[0] != ReasonParseError {
			t.Errorf("%q: reason %q", text, got)
		}
	}
}

func TestClosePacketClosesTheWebSocket(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.live()
	w.send(c, "1")
	w.expectEnd(c)
	if got := w.reasons(1); got[0] != ReasonTransportClose {
		t.Errorf("reason %q", got)
	}
}

func TestInvalidUTF8IsRefused(t *testing.T) {
	for _, text := range []string{"4\xff", "4\xc0\x80", "4\xed\xa0\x80", "4a\xe2\x82"} {
		w := onNetwork(t, Options{})
		c := w.live()
		w.send(c, text)
		if code := w.expectEnd(c); code != closeInvalidData {
			t.Errorf("%q: close code %d", text, code)
		}
	}
}

func TestTooLargeMessageIsNamedSo(t *testing.T) {
	w := onNetwork(t, Options{MaxPayload: 1000})
	c := w.live()
	w.send(c, "4"+strings.Repeat("x", 999))
	w.expect(c, "4"+strings.Repeat("x", 999))
	w.send(c, "4"+strings.Repeat("x", 1000))
	if code := w.expectEnd(c); code != websocket.StatusMessageTooBig {
		t.Errorf("close code %d", code)
	}
	w.reasons(1)
	if !errors.Is(w.causes[0], ErrPayloadTooLarge) {
		t.Errorf("cause %v", w.causes[0])
	}
}

func TestMalformedOpeningHandshakeIsRefused(t *testing.T) {
	w := onNetwork(t, Options{})
	for name, headers := range map[string][]string{
		"no key":        {"Connection", "Upgrade", "Sec-WebSocket-Version", "13"},
		"short key":     {"Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAA"},
		"old version":   {"Connection", "Upgrade", "Sec-WebSocket-Version", "8", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
		"no connection": {"Connection", "close", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
	} {
		a := w.do("GET", sockets, "", append(headers, "Upgrade", "websocket")...)
		if a.status != 400 || a.header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestFirstSubprotocolIsChosen(t *testing.T) {
	w := onNetwork(t, Options{})
	c, _, err := websocket.Dial(t.Context(), w.url+"?"+sockets, &websocket.DialOptions{Subprotocols: []string{"one", "two"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if c.Subprotocol() != "one" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
}
