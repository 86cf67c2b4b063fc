package nodewire

import (
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

func TestMessagesAreByteEqualInJSON(t *testing.T) {
	all := `"opts":{"rooms":[],"except":[],"flags":{}}`
	tail := `},"uid":"u","nsp":"/"}`
	for _, c := range []struct {
		message Message
		want    string
	}{
		{Message{Kind: Broadcast, Data: event(t, "hi", 1)}, `{"type":3,"data":{"packet":{"type":2,"data":["hi",1]},` + all},
		{Message{Kind: Broadcast, RequestID: "i", Data: event(t, "hi")}, `{"type":3,"data":{"packet":{"type":2,"data":["hi"]},"requestId":"i",` + all},
		{Message{Kind: Join, Rooms: []string{"a"}}, `{"type":4,"data":{` + all + `,"rooms":["a"]`},
		{Message{Kind: Leave}, `{"type":5,"data":{` + all + `,"rooms":[]`},
		{Message{Kind: Disconnect}, `{"type":6,"data":{` + all + `,"close":false`},
		{Message{Kind: FetchSockets, RequestID: "i"}, `{"type":7,"data":{"requestId":"i",` + all},
		{Message{Kind: FetchedSockets, RequestID: "i"}, `{"type":8,"data":{"sockets":[],"requestId":"i"`},
		{Message{Kind: ServerSideEmit, Data: event(t, "hi")}, `{"type":9,"data":{"packet":["hi"]`},
		{Message{Kind: ServerSideAnswer, RequestID: "i", Data: one(t, "S1")}, `{"type":10,"data":{"packet":"S1","requestId":"i"`},
		{Message{Kind: BroadcastDelivered, RequestID: "i", Count: 2}, `{"type":11,"data":{"requestId":"i","clientCount":2`},
		{Message{Kind: BroadcastAnswer, RequestID: "i"}, `{"type":12,"data":{"requestId":"i"`},
	} {
		c.message.UID, c.message.Namespace = "u", "/"
		b, err := c.message.JSON()
		if err != nil || string(b) != c.want+tail {
			t.Errorf("got  %s, error %v\nwant %s%s", b, err, c.want, tail)
		}
		for _, encode := range []func() ([]byte, error){c.message.JSON, c.message.Msgpack} {
			b, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Read(raw)
			if err != nil || back.Kind != c.message.Kind || back.RequestID != c.message.RequestID || back.Close != c.message.Close ||
				back.Count != c.message.Count || string(back.Data.JSON) != string(c.message.Data.JSON) || back.UID != "u" || back.Namespace != "/" {
				t.Errorf("read back %+v, error %v\nfrom %s", back, err, b)
			}
		}
	}
}

func TestMessagesAreByteEqualInMsgpack(t *testing.T) {
	m := Message{Kind: Broadcast, UID: "3c8f00112233aabb", Namespace: "/", Data: event(t, "bin", []byte{1, 2}), Options: socketio.BroadcastOptions{Rooms: []string{"r1"}}}
	want := "84a47479706503a46461746182a67061636b657482a47479706502a46461746192a362696ec4020102a46f70747383a5726f6f6d7391a27231a665786365707490a5666c61677380" +
		"a3756964b033633866303031313232333361616262a36e7370a12f"
	if b, err := m.JSON(); err != nil || hex.EncodeToString(b) != want {
		t.Errorf("got  %x, error %v\nwant %s", b, err, want)
	}
	m = Message{Kind: FetchedSockets, UID: "3c8f00112233aabb", Namespace: "/", RequestID: "0011223344556677"}
	b, err := m.Msgpack()
	want = "84a47479706508a46461746182a7736f636b65747390a9726571756573744964b030303131323233333434353536363737a3756964b033633866303031313232333361616262a36e7370a12f"
	if err != nil || hex.EncodeToString(b) != want {
		t.Errorf("got  %x, error %v\nwant %s", b, err, want)
	}
}

func TestMessageOfAnOfficialNode(t *testing.T) {
	b := unhex(t, "84a47479706503a46461746183a67061636b657483a47479706502a46461746192a171c0a36e7370a12fa9726571756573744964b030303131323233333434353536363737"+
		"a46f70747383a5726f6f6d7390a665786365707490a5666c61677381a774696d656f7574cd05dca3756964b033633866303031313232333361616262a36e7370a12f")
	raw, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(raw)
	if err != nil || m.RequestID != "0011223344556677" || m.Options.Flags.Timeout != 1500*time.Millisecond || string(m.Data.JSON) != `["q",null]` {
		t.Errorf("got %+v, error %v", m, err)
	}
}

func TestStreamEntries(t *testing.T) {
	m := Message{Kind: Broadcast, UID: "u", Namespace: "/", Data: event(t, "hi"), Options: socketio.BroadcastOptions{Rooms: []string{"r1"}}}
	fields, err := m.Entry()
	want := []string{"uid", "u", "nsp", "/", "type", "3", "data", `{"packet":{"type":2,"data":["hi"]},"opts":{"rooms":["r1"],"except":[],"flags":{}}}`}
	if err != nil || !reflect.DeepEqual(fields, want) {
		t.Errorf("got  %q, error %v\nwant %q", fields, err, want)
	}
	entry := map[string]any{"uid": "n", "nsp": "/", "type": "3", "data": "gqZwYWNrZXSDpHR5cGUCpGRhdGGSo2JpbsQCAQKjbnNwoS+kb3B0c4Olcm9vbXORonIxpmV4Y2VwdJClZmxhZ3OA"}
	m, err = ReadEntry(entry)
	if err != nil || m.UID != "n" || !reflect.DeepEqual(m.Data, event(t, "bin", []byte{1, 2})) || !reflect.DeepEqual(m.Options.Rooms, []string{"r1"}) {
		t.Fatalf("got %+v, error %v", m, err)
	}
	if fields, err = m.Entry(); err != nil || strings.HasPrefix(fields[7], "{") {
		t.Fatalf("binary entry %q, error %v", fields, err)
	}
	if !EntryIs(entry, Broadcast, "/") || EntryIs(entry, Broadcast, "/a") || EntryIs(entry, Join, "/") {
		t.Error("EntryIs does not tell entries apart")
	}
}

func TestSessions(t *testing.T) {
	s, err := ReadSession("hKNzaWS0aW5ROUktX1ZNNHBXTmZmRUFBQUGjcGlktEF5emZKVlBVVzFoT2FXUDVBQUFCpXJvb21zkrRpblE5SS1fVk00cFdOZmZFQUFBQaJyMaRkYXRhgqFuAaFixAEH")
	if err != nil || s.SocketID != "inQ9I-_VM4pWNffEAAAA" || s.PrivateID != "AyzfJVPUW1hOaWP5AAAB" || len(s.Rooms) != 2 {
		t.Fatalf("got %+v, error %v", s, err)
	}
	text, err := Session(s)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ReadSession(text); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("got  %+v, error %v\nwant %+v", back, err, s)
	}
	if _, err := Session(socketio.Session{SocketID: "a", PrivateID: "b"}); err != nil {
		t.Errorf("session without data: %v", err)
	}
}

func TestStreamNames(t *testing.T) {
	for namespace, want := range map[string]string{"/": "s-3", "/a": "s-2", "/orders": "s-0", "/orders-eu": "s--3", "/ü𝄞": "s-3"} {
		if got := StreamName("s", namespace, 4); got != want {
			t.Errorf("namespace %s: stream %s, want %s", namespace, got, want)
		}
	}
	if got := StreamName("s", "/orders-eu", 1); got != "s" {
		t.Errorf("single stream is %s", got)
	}
}

func TestMalformedMessagesAreErrors(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]", "null", `{"type":3}`, `{"type":3,"data":null}`, `{"type":3,"data":[]}`, `{"type":3,"data":{"packet":{"type":2,"data":["a"]}}}`,
		`{"type":3,"data":{"packet":{"type":2,"data":"a"},"opts":{}}}`, `{"type":3,"data":{"packet":{"type":2,"data":[]},"opts":{}}}`,
		`{"type":3,"data":{"packet":{"type":2,"data":[{}]},"opts":{}}}`, `{"type":3,"data":{"packet":{"type":0,"data":["a"]},"opts":{}}}`,
		`{"type":7,"data":{"opts":{}}}`, `{"type":8,"data":{"requestId":"i"}}`, `{"type":8,"data":{"requestId":"i","sockets":[1]}}`,
		`{"type":11,"data":{"requestId":"i","clientCount":-1}}`, `{"type":11,"data":{"requestId":"i","clientCount":"1"}}`,
		`{"type":1,"data":{}}`, `{"type":13,"data":{}}`, `{"type":"3","data":{}}`, `{"type":4,"data":{"opts":{"rooms":5},"rooms":[]}}`, "\x93\xa1a", "\xdd\xff\xff\xff\xff", "\xc6\x7f\xff\xff\xff",
	} {
		raw, err := Parse([]byte(text))
		if err == nil {
			_, err = Read(raw)
		}
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: error %v, want ErrMalformed", text, err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"type":3,"data":{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":[],"except":[],"flags":{}}},"uid":"u","nsp":"/"}`))
	f.Add([]byte(`{"type":8,"data":{"sockets":[{"id":"a","rooms":[],"handshake":{},"data":{}}],"requestId":"i"},"uid":"u","nsp":"/"}`))
	f.Add([]byte("\x93\xa6owXUlb\x83\xa4type\x02\xa4data\x92\xa2hi\x01\xa3nsp\xa1/\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80"))
	f.Add([]byte(`{"uid":"u","requestId":"i","type":6,"data":["hi",1]}`))
	f.Add([]byte(`{"requestId":"i","sockets":[]}`))
	m := Message{Kind: Broadcast, Data: parser.Value{JSON: []byte(`["b",{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{1}}}}
	if b, err := m.Msgpack(); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// Everything that comes over a channel is tried as everything it might be.
		if raw, err := Parse(b); err == nil {
			if m, err := Read(raw); err == nil {
				if _, err := m.JSON(); err != nil && m.Kind != Broadcast {
					t.Logf("cannot be sent again: %v", err) // lone placeholders in it
				}
				_, _, _ = m.Data.Event()
			}
		}
		if _, p, o, err := ReadClassicBroadcast(b); err == nil {
			if p.Type != parser.Event || o.Flags.Timeout < 0 || o.Flags.Timeout > MaxTimeout {
				t.Errorf("read %+v with %+v", p, o)
			}
		}
		if r, err := ReadRequest(b); err == nil && (r.Kind < RequestSocketIDs || r.Kind > RequestBroadcast) {
			t.Errorf("read a request of type %d", r.Kind)
		}
		_, _ = ReadResponse(b)
		_, _ = ReadEntry(map[string]any{"uid": "u", "nsp": "/", "type": "3", "data": string(b)})
		_, _ = ReadSession(string(b))
	})
}
