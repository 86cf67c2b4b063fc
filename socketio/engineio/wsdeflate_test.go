package engineio

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// squeezed opens a WebSocket that offers compression.
func (w *world) squeezed(mode websocket.CompressionMode) *websocket.Conn {
	w.t.Helper()
	c, _, err := websocket.Dial(w.t.Context(), w.url+"?"+sockets, &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 16})
	if err != nil {
		w.t.Fatal(err)
	}
	c.SetReadLimit(10 << 20)
	w.t.Cleanup(func() { _ = c.CloseNow() })
	if _, text, err := c.Read(w.t.Context()); err != nil || text[0] != '0' {
		w.t.Fatalf("open packet %q, %v", text, err)
	}
	return c
}

func TestCompressedMessagesAreEchoed(t *testing.T) {
	for _, mode := range []websocket.CompressionMode{websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover} {
		w := onNetwork(t, Options{PerMessageDeflate: &PerMessageDeflate{}})
		c := w.squeezed(mode)
		for _, size := range []int{0, 5, 1022, 1023, 1024, 70_000, 999_999} {
			for range 2 { // the second would fail if a context were kept
				text := strings.Repeat("x", size)
				w.send(c, "4"+text)
				w.expect(c, "4"+text)
			}
		}
	}
}

// overWire sends one message to a client that offers compression and returns the first byte of its frame and its length.
func (w *world) overWire(offer string, m *Message) (first byte, length int) {
	w.t.Helper()
	c := w.rawWith("Sec-WebSocket-Extensions: " + offer + "\r\n")
	w.until("the session", func() bool { return len(w.open) > 0 })
	last := w.open[len(w.open)-1]
	if err := last.Send(m); err != nil {
		w.t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	br := bufio.NewReader(c)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = br.ReadString('\n'); err != nil {
			w.t.Fatal(err)
		}
	}
	open, err := br.Peek(2)
	if err == nil {
		_, err = br.Discard(2 + int(open[1]))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	head, err := br.Peek(4)
	if err != nil {
		w.t.Fatal(err)
	}
	if length = int(head[1]); length == 126 {
		length = int(binary.BigEndian.Uint16(head[2:]))
	}
	return head[0], length
}

func TestWhatIsCompressed(t *testing.T) {
	long := NewMessage(bytes.Repeat([]byte("long "), 400), false)
	for name, c := range map[string]struct {
		offer string
		m     *Message
		first byte
	}{
		"long":         {"permessage-deflate", long, 0xc1},
		"second offer": {"x-other, permessage-deflate; client_max_window_bits", long, 0xc1},
		"short":        {"permessage-deflate", NewMessage([]byte("short"), false), 0x81},
		"not to be":    {"permessage-deflate", long.Uncompressed(), 0x81},
		"small window": {"permessage-deflate; server_max_window_bits=10", long, 0x81},
		"unknown":      {"constructor", long, 0x81},
	} {
		w := onNetwork(t, Options{PerMessageDeflate: &PerMessageDeflate{}})
		first, length := w.overWire(c.offer, c.m)
		if first != c.first || first == 0xc1 && length > 200 {
			t.Errorf("%s: first byte %#x, %d bytes", name, first, length)
		}
	}
	w := onNetwork(t, Options{})
	if first, _ := w.overWire("permessage-deflate", long); first != 0x81 {
		t.Errorf("without the option: first byte %#x", first)
	}
}

func TestBombIsNotInflated(t *testing.T) {
	w := onNetwork(t, Options{PerMessageDeflate: &PerMessageDeflate{}, MaxPayload: 100_000})
	c := w.squeezed(websocket.CompressionNoContextTakeover)
	w.send(c, "4"+strings.Repeat("x", 99_999))
	w.expect(c, "4"+strings.Repeat("x", 99_999))
	w.send(c, "4"+strings.Repeat("x", 50_000_000)) // some 50 kB on the wire
	if code := w.expectEnd(c); code != websocket.StatusMessageTooBig {
		t.Errorf("close code %d", code)
	}
	w.reasons(1)
	if !errors.Is(w.causes[0], ErrPayloadTooLarge) {
		t.Errorf("cause %v", w.causes[0])
	}
}

func TestBrokenCompressionEndsTheConnection(t *testing.T) {
	w := onNetwork(t, Options{PerMessageDeflate: &PerMessageDeflate{}})
	c := w.rawWith("Sec-WebSocket-Extensions: permessage-deflate\r\n", frame(0xc1, "\xff\xff\xff\xff")...)
	if got := c.rest(t); !strings.Contains(got, "\x03\xef") { // 1007
		t.Errorf("got %q", got)
	}
	w.reasons(1)
}

func TestHugeExtensionHeaderIsRead(t *testing.T) {
	w := onNetwork(t, Options{PerMessageDeflate: &PerMessageDeflate{}})
	c := w.rawWith("Sec-WebSocket-Extensions: "+strings.Repeat("permessage-deflate; x=\"", 4000)+"\r\n", frame(0x88, "")...)
	if got := c.rest(t); !strings.HasPrefix(got, "HTTP/1.1 101") || strings.Contains(got, "Extensions") {
		t.Errorf("got %q", got)
	}
}
