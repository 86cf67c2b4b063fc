package gate

import (
	"bytes"
	bigendian "encoding/binary"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// A turn is what one side says.
type turn struct {
	up   bool
	data string
}

func frame(op byte, data string, masked bool) string {
	head := []byte{0x80 | op, byte(len(data))}
	switch {
	case len(data) >= 1<<16:
		head = bigendian.BigEndian.AppendUint64([]byte{0x80 | op, 127}, uint64(len(data)))
	case len(data) >= 126:
		head = bigendian.BigEndian.AppendUint16([]byte{0x80 | op, 126}, uint16(len(data)))
	}
	if !masked {
		return string(head) + data
	}
	head[1] |= 0x80
	mask := [4]byte{1, 0xfe, 'a', 0}
	body := []byte(data)
	for i := range body {
		body[i] ^= mask[i&3]
	}
	return string(head) + string(mask[:]) + string(body)
}

const upgradeHead = "GET /websocket/t HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// conversations are those of the layers' table.
var conversations = []struct {
	name     string
	turns    []turn
	up, down Layers
	titles   []string
}{
	{
		"a poll that finds nothing",
		[]turn{{true, "GET /polling/t?after=k:1 HTTP/1.1\r\nHost: x\r\n\r\n"}, {false, "HTTP/1.1 204 No Content\r\n\r\n"}},
		Layers{Headers: 46}, Layers{Headers: 27},
		[]string{"GET /polling/t?after=k:1", "204 No Content"},
	},
	{
		"a poll that finds two messages, in chunks",
		[]turn{{true, "GET /polling/t HTTP/1.1\r\n\r\n"},
			{false, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"},
			{false, "10\r\n[\"k\",1,\"a\",\"one\"\r\n"}, {false, "b;x=y\r\n,\"b\",\"two\"]\r\n0\r\nTrailer: 1\r\n\r\n"}},
		Layers{Headers: 27}, Layers{Payload: 6, Envelope: 21, Framing: 20, Headers: 79 + 12},
		[]string{"GET /polling/t", "200 OK · 2 messages"},
	},
	{
		"a post and its answer with news",
		[]turn{{true, "POST /ajax/t?after=k:0 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n[\"a\",\"o\\nk\"]"},
			{false, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"epoch\":\"k\",\"offset\":1,\"news\":[1,\"a\",\"o\\nk\"]  xx}"}},
		Layers{Payload: 3, Envelope: 9, Headers: 87}, Layers{Payload: 3, Envelope: 11, Headers: 71, Other: 36},
		[]string{"POST /ajax/t?after=k:0 · 1 message", "200 OK · 1 message"},
	},
	{
		"an error",
		[]turn{{true, "GET /longpoll/t HTTP/1.1\r\n\r\n"}, {false, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\n{\"e\"}"}},
		Layers{Headers: 28}, Layers{Headers: 55, Other: 5},
		[]string{"GET /longpoll/t", "503 Service Unavailable"},
	},
	{
		"events",
		[]turn{{true, "GET /streaming/t HTTP/1.1\r\n\r\n"}, {false, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"},
			{false, "3\r\n:\n\n\r\n"}, {false, "1b\r\nid:k:1\ndata:[1,\"a\",\"one\"]\n\n\r\n"},
			{false, "2a\r\nevent:bye\ndata:{\"type\":\"bye\",\"error\":{}}\n\n\r\n0\r\n\r\n"}},
		Layers{Headers: 29}, Layers{Payload: 3, Envelope: 10, Framing: 20, Headers: 80, Other: 8 + 48 + 5},
		[]string{"GET /streaming/t", "200 OK · a stream begins", "comment", "event · 1 message", "event · goodbye", "the stream ends"},
	},
	{
		"frames",
		[]turn{{true, upgradeHead}, {false, "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
			{true, frame(opText, `["a","one"]`, true)}, {false, frame(opText, `{"ack":["a",1]}`, false)},
			{false, frame(opText, `[1,"a","one"]`, false)}, {false, frame(opBinary, "\x00\x02\x03b\x02\xff\xfe", false)},
			{false, frame(opPing, "", false)}, {true, frame(opPong, "", true)}, {false, frame(opClose, "\x03\xe9bye", false)},
			{false, "\x01\x03[1,"}, {false, frame(opPing, "x", false)}, {false, "\x80\x0a\"a\",\"one\"]"}},
		Layers{Payload: 3, Envelope: 8, Framing: 6, Headers: 79, Other: 6},
		Layers{Payload: 8, Envelope: 10 + 5 + 10, Framing: 2 + 2 + 2 + 2, Headers: 36, Other: 17 + 2 + 7 + 3},
		[]string{"GET /websocket/t", "101 Switching Protocols", "text · 1 message", "text · acknowledgement", "text · 1 message",
			"binary · 1 message", "ping", "pong", "close · 1001 bye", "text · a fragment", "ping", "text · 1 message"},
	},
}

// play has a tap hear a conversation, each turn in pieces of so many bytes.
func play(turns []turn, piece int) *record {
	r := &record{}
	tap := newTap(r, 1)
	at := time.Unix(1, 0)
	for _, x := range turns {
		for rest := []byte(x.data); len(rest) > 0; {
			n := min(piece, len(rest))
			if x.up {
				tap.up(rest[:n], at)
			} else {
				tap.down(rest[:n], at)
			}
			rest = rest[n:]
		}
	}
	tap.close(at)
	return r
}

func TestTapTellsBytesApartHoweverTheyAreCut(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1 << 20, 1, 2, 3, 7, 16} {
				r := play(c.turns, piece)
				if r.counts.Up != c.up || r.counts.Down != c.down {
					t.Errorf("in pieces of %d: up %+v, want %+v; down %+v, want %+v", piece, r.counts.Up, c.up, r.counts.Down, c.down)
				}
				var titles []string
				list, _ := r.entries(0, 1000)
				for _, e := range list {
					if e.Kind != "close" {
						titles = append(titles, e.Title)
					}
				}
				if !reflect.DeepEqual(titles, c.titles) {
					t.Errorf("in pieces of %d: %q, want %q", piece, titles, c.titles)
				}
			}
		})
	}
}

func TestTapHoldsAHeadUntilItIsWhole(t *testing.T) {
	tap := newTap(&record{}, 1)
	at := time.Unix(1, 0)
	pass, upgrade := tap.up([]byte(upgradeHead[:50]), at)
	if len(pass) > 0 || upgrade {
		t.Errorf("half a head passes %q, upgrade %t", pass, upgrade)
	}
	pass, upgrade = tap.up([]byte(upgradeHead[50:]), at)
	if string(pass) != upgradeHead || !upgrade {
		t.Errorf("a whole head passes %q, upgrade %t", pass, upgrade)
	}
	endless := newTap(&record{}, 2)
	var passed int
	for range 100 {
		pass, _ := endless.up(bytes.Repeat([]byte("x"), 1<<10), at)
		passed += len(pass)
	}
	if passed != 100<<10 {
		t.Errorf("of a head without an end %d bytes pass, want all", passed)
	}
}

func TestEntriesAreBoundedAndReadable(t *testing.T) {
	r := play([]turn{{true, "POST /polling/t HTTP/1.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n"},
		{true, strings.Repeat("\xff\x00\x1b", 33333) + "\n"}}, 4096)
	list, _ := r.entries(0, 1000)
	shown := 0
	for _, p := range list[0].Parts {
		shown += len(p.Text)
		if strings.ContainsAny(p.Text, "\x00\x1b") || !utf8.ValidString(p.Text) {
			t.Errorf("%q is not readable", p.Text)
		}
	}
	if !list[0].Cut || shown > 4*mostShown {
		t.Errorf("%d bytes of text are kept, cut %t", shown, list[0].Cut)
	}
	for i := range 3 * mostEntries {
		r.enter(Entry{Bytes: int64(i)})
	}
	if list, _ := r.entries(0, 1<<20); len(list) != mostEntries {
		t.Errorf("%d entries are kept", len(list))
	}
	list, skipped := r.entries(r.entered-50, 20)
	if len(list) != 20 || skipped != 30 || list[19].N != r.entered {
		t.Errorf("%d entries, %d skipped", len(list), skipped)
	}
	r.clear()
	if list, skipped := r.entries(0, 20); len(list) != 0 || skipped != 0 {
		t.Errorf("after clear: %d entries, %d skipped", len(list), skipped)
	}
}

// Whatever is said, every byte is counted once and nothing panics.
func FuzzTap(f *testing.F) {
	for _, c := range conversations {
		var up, down string
		for _, x := range c.turns {
			if x.up {
				up += x.data
			} else {
				down += x.data
			}
		}
		f.Add([]byte(up), []byte(down), uint8(5))
	}
	f.Fuzz(func(t *testing.T, up, down []byte, piece uint8) {
		n := int(piece) + 1
		r := play([]turn{{true, string(up)}, {false, string(down)}}, n)
		if r.counts.Up.Total() != int64(len(up)) || r.counts.Down.Total() != int64(len(down)) {
			t.Errorf("counted %d of %d up, %d of %d down", r.counts.Up.Total(), len(up), r.counts.Down.Total(), len(down))
		}
	})
}
