package engineio

import (
	"bytes"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

const oldPolls = "EIO=3&transport=polling"

// oldPoll opens a session of protocol version 3 with more parameters, and returns the query of its requests.
func (w *world) oldPoll(more string) string {
	w.t.Helper()
	a := w.do("GET", oldPolls+"&b64=1"+more, "")
	_, rest, found := strings.Cut(a.body, `"sid":"`)
	if !found {
		_, rest, found = strings.Cut(a.body, `\"sid\":\"`)
	}
	if a.status != 200 || !found {
		w.t.Fatalf("handshake: %+v", a)
	}
	return oldPolls + more + "&sid=" + rest[:20]
}

func TestOldClientsAreRefusedUnlessAllowed(t *testing.T) {
	w := onNetwork(t, Options{})
	if a := w.do("GET", oldPolls, ""); a.status != 400 || a.body != `{"code":5,"message":"Unsupported protocol version"}` {
		t.Errorf("not allowed: %+v", a)
	}
	w = onNetwork(t, Options{AllowEIO3: true})
	for _, version := range []string{"", "abc", "2", "5"} {
		if a := w.do("GET", "transport=polling&EIO="+version, ""); a.status != 400 {
			t.Errorf("EIO=%s: %+v", version, a)
		}
	}
	a := w.do("GET", oldPolls, "")
	length, open, _ := strings.Cut(a.body, ":0{")
	if a.status != 200 || length != strconv.Itoa(len(open)+2) || !strings.Contains(open, `"upgrades":["websocket"]`) {
		t.Errorf("allowed: %+v", a)
	}
	if w.open[0].Protocol() != 3 {
		t.Errorf("protocol %d", w.open[0].Protocol())
	}
	live := w.oldPoll("")
	if a := w.do("GET", strings.Replace(live, "EIO=3", "EIO=4", 1), ""); a.status != 400 || !strings.Contains(a.body, `"code":3`) {
		t.Errorf("version changed: %+v", a)
	}
}

func TestOldTextPayloads(t *testing.T) {
	for _, payload := range []string{
		"6:4hello", "6:4test16:4test26:4test3", "6:4hello10:b4AQIDBA==", "2:4é", "3:4\U0001f600", "4:4a\U0001f6005:4ばか者ね", "1:4",
	} {
		w := onNetwork(t, Options{AllowEIO3: true})
		live := w.oldPoll("")
		if a := w.do("POST", live, payload); a.status != 200 || a.body != "ok" {
			t.Errorf("POST %q: %+v", payload, a)
		}
		if a := w.do("GET", live, ""); a.body != payload || a.header.Get("Content-Type") != "text/plain; charset=UTF-8" {
			t.Errorf("GET after %q: %+v", payload, a)
		}
	}
}

func TestOldBinaryPayloads(t *testing.T) {
	w := onNetwork(t, Options{AllowEIO3: true})
	a := w.do("GET", oldPolls, "")
	_, rest, _ := strings.Cut(a.body, `"sid":"`)
	live := oldPolls + "&sid=" + rest[:20]
	payload := "\x00\x03\xff4é" + "\x01\x05\xff\x04\x01\x02\xff\x00" + "\x00\x01\x01\xff4123456789x"
	if a := w.do("POST", live, payload, "Content-Type", "application/octet-stream"); a.status != 200 {
		t.Errorf("POST: %+v", a)
	}
	if a := w.do("GET", live, ""); a.body != payload || a.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("GET: %+v, want %q", a, payload)
	}
}

func TestMalformedOldPayloadEndsTheSession(t *testing.T) {
	long := strings.Repeat("9", 100)
	for _, c := range []struct{ payload, contentType string }{
		{"", ""}, {"abc", ""}, {":4x", ""}, {"7:4hello", ""}, {"-1:4x", ""}, {"+2:4x", ""}, {"2 :4x", ""}, {long + ":4x", ""}, {"0:", ""},
		{"2:4\U0001f600", ""}, {"1:9", ""}, {"3:b44", ""}, {"2:b9", ""}, {"3:4\xff", ""}, {"1:3", ""}, {"2:4x2", ""},
		{"", binaryContent}, {"\x02\x01\xff4", binaryContent}, {"\x00\xff4", binaryContent}, {"\x00\x05\xff4x", binaryContent},
		{"\x00\x01", binaryContent}, {"\x01\x01\xff\x03", binaryContent}, {"\x01\x00\xff", binaryContent}, {"\x00\x02\xff4\xff", binaryContent},
		{"\x00" + strings.Repeat("\x09", 100) + "\xff4x", binaryContent}, {"\x00\x0a\xff4", binaryContent},
	} {
		w := onNetwork(t, Options{AllowEIO3: true})
		live := w.oldPoll("")
		if a := w.do("POST", live, c.payload, "Content-Type", c.contentType); a.status != 400 {
			t.Errorf("POST %.40q: %+v", c.payload, a)
		}
		if got := w.reasons(1); got[0] != ReasonParseError {
			t.Errorf("%.40q: reason %q", c.payload, got)
		}
	}
}

func TestOldBrowserGetsScripts(t *testing.T) {
	w := onNetwork(t, Options{AllowEIO3: true})
	live := w.oldPoll("&j=1%29%3Balert%282")
	text := "4a\u2028</script>\nb\\nc\"d+é"
	form := "d=" + url.QueryEscape(strings.NewReplacer("\\n", "\\\\n", "\n", "\\n").Replace("21:"+text))
	if a := w.do("POST", live, form, "Content-Type", "application/x-www-form-urlencoded"); a.status != 200 || a.body != "ok" {
		t.Fatalf("POST: %+v", a)
	}
	want := `___eio[12]("21:4a\u2028\u003c/script\u003e\nb\\nc\"d+é");`
	if a := w.do("GET", live, ""); a.body != want || a.header.Get("Content-Type") != "text/javascript; charset=UTF-8" {
		t.Errorf("GET: %+v, want %s", a, want)
	}
	for _, form := range []string{"", "e=1:4", "d=%zz", "d="} {
		live := w.oldPoll("&j=0")
		if a := w.do("POST", live, form); a.status != 400 {
			t.Errorf("form %q: %+v", form, a)
		}
	}
}

// oldLive opens a WebSocket session of protocol version 3.
func (w *world) oldLive(more string) *websocket.Conn {
	w.t.Helper()
	c := w.dial("EIO=3&transport=websocket" + more)
	if _, text, err := c.Read(w.t.Context()); err != nil || text[0] != '0' {
		w.t.Fatalf("open packet %q, %v", text, err)
	}
	return c
}

func TestOldWebSocketHasTypesInBinaryFrames(t *testing.T) {
	w := onNetwork(t, Options{AllowEIO3: true, PerMessageDeflate: &PerMessageDeflate{}})
	c := w.oldLive("")
	data := append([]byte{4}, bytes.Repeat([]byte{1, 2, 0xff}, 1000)...)
	if err := c.Write(t.Context(), websocket.MessageBinary, data); err != nil {
		t.Fatal(err)
	}
	if typ, got, err := c.Read(t.Context()); err != nil || typ != websocket.MessageBinary || !bytes.Equal(got, data) {
		t.Errorf("%v, %d bytes, %v", typ, len(got), err)
	}
	c = w.oldLive("&b64=1")
	w.send(c, "b4AQID")
	w.expect(c, "b4AQID")
	for _, bad := range [][]byte{{}, {3, 1}, {'4', 'x'}} {
		c := w.oldLive("")
		if err := c.Write(t.Context(), websocket.MessageBinary, bad); err != nil {
			t.Fatal(err)
		}
		w.expectEnd(c)
	}
}

func TestOldClientUpgrades(t *testing.T) {
	w := onNetwork(t, Options{AllowEIO3: true})
	live := w.oldPoll("")
	parked := w.park(live)
	c := w.dial(upgradeOf(live))
	w.send(c, "2probe")
	w.expect(c, "3probe")
	if a := <-parked; a.body != "1:6" {
		t.Errorf("the poll during the upgrade: %+v", a)
	}
	w.send(c, "5")
	w.send(c, "4hello")
	w.expect(c, "4hello")
	w.send(c, "2")
	w.expect(c, "3")
}

func TestOldClientPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inMemory(t, Options{AllowEIO3: true, PingInterval: time.Second, PingTimeout: time.Second})
		c := w.oldLive("")
		live := w.oldPoll("")
		for range 5 {
			time.Sleep(1900 * time.Millisecond)
			w.send(c, "2")
			w.expect(c, "3")
			if a := w.do("POST", live, "1:2"); a.status != 200 {
				t.Fatalf("ping: %+v", a)
			}
			if a := w.do("GET", live, ""); a.body != "1:3" {
				t.Fatalf("pong: %+v", a)
			}
		}
		time.Sleep(time.Second)
		w.send(c, "4x") // a message is no ping
		w.expect(c, "4x")
		time.Sleep(time.Second)
		if code := w.expectEnd(c); code != closeSilent {
			t.Errorf("close code %d", code)
		}
		for _, reason := range w.reasons(2) {
			if reason != ReasonPingTimeout {
				t.Errorf("reason %q", reason)
			}
		}
		if a := w.do("GET", live, ""); a.status != 400 {
			t.Errorf("poll of a silent client: %+v", a)
		}
	})
}

func TestOldClientMayNotPong(t *testing.T) {
	w := onNetwork(t, Options{AllowEIO3: true})
	c := w.oldLive("")
	w.send(c, "3")
	w.expectEnd(c)
	if w.reasons(1); !errors.Is(w.causes[0], ErrMalformed) {
		t.Errorf("cause %v", w.causes[0])
	}
}

func FuzzOldPayloads(f *testing.F) {
	f.Add([]byte("6:4hello10:b4AQIDBA=="))
	f.Add([]byte("\x00\x03\xff4\xc3\xa9\x01\x05\xff\x04\x01\x02\xff\x00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		d := &dialect{}
		for name, decode := range map[string]func([]byte) []byte{
			"text":   func(b []byte) []byte { return reencode(&dialect{base64: true}, d.decodeText(b)) },
			"binary": func(b []byte) []byte { return reencode(d, d.decodeBinary(b)) },
		} {
			once := decode(payload)
			if once == nil {
				continue
			}
			again := decode(once)
			if isBinaryPayload(once) != (name == "binary") {
				again = reencode(&dialect{base64: true}, d.decodeText(once)) // it had nothing binary
			}
			if !bytes.Equal(once, again) {
				t.Errorf("%s: %q becomes %q", name, once, again)
			}
		}
	})
}

// reencode encodes what a payload contains, or returns nil when the payload is malformed.
func reencode(d *dialect, packets func(func(Packet, error) bool)) (out []byte) {
	var messages []*Message
	for p, err := range packets {
		if err != nil {
			return nil
		}
		if p.Binary {
			messages = append(messages, NewMessage(p.Data, true))
		} else {
			messages = append(messages, newControl(p.Type, string(p.Data)))
		}
	}
	return d.appendPayload([]byte{}, messages)
}
