package nodewire

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// The hex and base64 texts below were written by notepack.io and @msgpack/msgpack, the encoders of the official adapters.

func event(t *testing.T, args ...any) parser.Value {
	t.Helper()
	v, err := parser.Marshal(args...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func one(t *testing.T, arg any) parser.Value {
	t.Helper()
	v, err := parser.MarshalOne(arg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestClassicBroadcastIsByteEqual(t *testing.T) {
	for name, c := range map[string]struct {
		packet  parser.Packet
		options socketio.BroadcastOptions
		want    string
	}{
		"plain": {
			parser.Packet{Type: parser.Event, Namespace: "/", Data: event(t, "hi", 1)}, socketio.BroadcastOptions{},
			"93a66f7758556c6283a47479706502a46461746192a2686901a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380",
		},
		"binary and flags": {
			parser.Packet{Type: parser.Event, Namespace: "/a", Data: event(t, "bin", []byte{1, 2}, map[string]any{"x": []byte("abc")}, 70000, -3, 1.5)},
			socketio.BroadcastOptions{Rooms: []string{"r1"}, Except: []string{"x"}, Flags: socketio.Flags{Volatile: true, NoCompress: true}},
			"93a66f7758556c6283a47479706502a46461746196a362696ec402010281a178c403616263ce00011170fdcb3ff8000000000000a36e7370a22f61" +
				"83a5726f6f6d7391a27231a665786365707491a178a5666c61677382a8766f6c6174696c65c3a8636f6d7072657373c2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := ClassicBroadcast("owXUlb", c.packet, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(b); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			uid, p, o, err := ReadClassicBroadcast(b)
			if err != nil || uid != "owXUlb" {
				t.Fatalf("read back: uid %q, error %v", uid, err)
			}
			if string(p.Data.JSON) != string(c.packet.Data.JSON) || !reflect.DeepEqual(p.Data.Attachments, c.packet.Data.Attachments) || p.Namespace != c.packet.Namespace {
				t.Errorf("packet %+v, want %+v", p, c.packet)
			}
			if len(o.Rooms) != len(c.options.Rooms) || len(o.Except) != len(c.options.Except) || o.Flags != c.options.Flags {
				t.Errorf("options %+v, want %+v", o, c.options)
			}
		})
	}
}

func TestClassicBroadcastWithJavaScriptOddities(t *testing.T) {
	b := unhex(t, "93a66f7758556c6283a47479706502a46461746197a36f6464c0d6ff6b039386c081a164d7ff1d5353006b039386cf001fffffffffffffd3fffffffed5fa0e00"+
		"a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677381a962726f616463617374c3")
	_, p, _, err := ReadClassicBroadcast(b)
	if err != nil {
		t.Fatal(err)
	}
	want := `["odd",null,"2026-11-23T01:14:46.000Z",null,{"d":"2026-11-23T01:14:46.123Z"},9007199254740991,-5000000000]`
	if string(p.Data.JSON) != want {
		t.Errorf("got  %s\nwant %s", p.Data.JSON, want)
	}
}

func TestRequestsAreByteEqual(t *testing.T) {
	room := socketio.BroadcastOptions{Rooms: []string{"r"}}
	for _, c := range []struct {
		request Request
		want    string
	}{
		{Request{Kind: RequestSocketIDs, UID: "u", RequestID: "i"}, `{"uid":"u","requestId":"i","type":0,"rooms":[]}`},
		{Request{Kind: RequestRooms, UID: "u", RequestID: "i"}, `{"uid":"u","requestId":"i","type":1}`},
		{Request{Kind: RequestJoin, UID: "u", Options: room, Rooms: []string{"n"}}, `{"uid":"u","type":2,"opts":{"rooms":["r"],"except":[]},"rooms":["n"]}`},
		{Request{Kind: RequestLeave, Options: room, Rooms: []string{"n"}}, `{"type":3,"opts":{"rooms":["r"],"except":[]},"rooms":["n"]}`},
		{Request{Kind: RequestDisconnect, UID: "u", Close: true}, `{"uid":"u","type":4,"opts":{"rooms":[],"except":[]},"close":true}`},
		{Request{Kind: RequestSockets, UID: "u", RequestID: "i"}, `{"uid":"u","requestId":"i","type":5,"opts":{"rooms":[],"except":[]}}`},
		{Request{Kind: RequestServerSideEmit, UID: "u", RequestID: "i", Data: event(t, "hi", 1, "a\"b")}, `{"uid":"u","requestId":"i","type":6,"data":["hi",1,"a\"b"]}`},
		{Request{Kind: RequestServerSideEmit, UID: "u", Data: event(t, "hi", []byte{1, 255})}, `{"uid":"u","type":6,"data":["hi",{"data":[1,255],"type":"Buffer"}]}`},
	} {
		b, err := c.request.Encode()
		if err != nil || string(b) != c.want {
			t.Errorf("got  %s, error %v\nwant %s", b, err, c.want)
		}
		if back, err := ReadRequest(b); err != nil || back.Kind != c.request.Kind || back.UID != c.request.UID || back.Close != c.request.Close {
			t.Errorf("read back %+v, error %v", back, err)
		}
	}
	b, err := Request{Kind: RequestBroadcast, UID: "owXUlb", RequestID: "AbC_-9", Namespace: "/", Data: event(t, "q"),
		Options: socketio.BroadcastOptions{Flags: socketio.Flags{Timeout: 1500 * time.Millisecond}}}.Encode()
	want := "85a3756964a66f7758556c62a9726571756573744964a64162435f2d39a47479706507a67061636b657483a47479706502a46461746191a171a36e7370a12f" +
		"a46f70747383a5726f6f6d7390a665786365707490a5666c61677381a774696d656f7574cd05dc"
	if got := hex.EncodeToString(b); err != nil || got != want {
		t.Errorf("got  %s, error %v\nwant %s", got, err, want)
	}
	back, err := ReadRequest(b)
	if err != nil || back.RequestID != "AbC_-9" || back.Options.Flags.Timeout != 1500*time.Millisecond || string(back.Data.JSON) != `["q"]` {
		t.Errorf("read back %+v, error %v", back, err)
	}
}

func TestRequestsOfOldVersions(t *testing.T) {
	r, err := ReadRequest([]byte(`{"requestId":"i","type":2,"sid":"s","room":"r"}`))
	if err != nil || r.SocketID != "s" || !reflect.DeepEqual(r.Rooms, []string{"r"}) {
		t.Errorf("got %+v, error %v", r, err)
	}
}

func TestResponsesAreByteEqual(t *testing.T) {
	for _, c := range []struct {
		response Response
		want     string
	}{
		{Response{Kind: RespondDone, RequestID: "i"}, `{"requestId":"i"}`},
		{Response{Kind: RespondSocketIDs, RequestID: "i"}, `{"requestId":"i","sockets":[]}`},
		{Response{Kind: RespondSocketIDs, RequestID: "i", Names: []string{"a"}}, `{"requestId":"i","sockets":["a"]}`},
		{Response{Kind: RespondRooms, RequestID: "i"}, `{"requestId":"i","rooms":[]}`},
		{Response{Kind: RespondSockets, RequestID: "i"}, `{"requestId":"i","sockets":[]}`},
		{Response{Kind: RespondServerSideEmit, RequestID: "i", Data: one(t, "S1")}, `{"type":6,"requestId":"i","data":"S1"}`},
		{Response{Kind: RespondServerSideEmit, RequestID: "i"}, `{"type":6,"requestId":"i"}`},
		{Response{Kind: RespondDelivered, RequestID: "i", Count: 3}, `{"type":8,"requestId":"i","clientCount":3}`},
	} {
		if b, err := c.response.Encode(); err != nil || string(b) != c.want {
			t.Errorf("got  %s, error %v\nwant %s", b, err, c.want)
		}
	}
	for want, data := range map[string]parser.Value{
		"83a47479706509a9726571756573744964a64162435f2d39a67061636b657481a161c40109": one(t, map[string]any{"a": []byte{9}}),
		"82a47479706509a9726571756573744964a64162435f2d39":                           {},
	} {
		b, err := Response{Kind: RespondAck, RequestID: "AbC_-9", Data: data}.Encode()
		if got := hex.EncodeToString(b); err != nil || got != want {
			t.Errorf("got  %s, error %v\nwant %s", got, err, want)
		}
		back, err := ReadResponse(b)
		if err != nil || back.Kind != RespondAck || string(back.Data.JSON) != string(data.JSON) {
			t.Errorf("read back %+v, error %v", back, err)
		}
	}
}

func TestSocketsSurviveTheWay(t *testing.T) {
	info := socketio.SocketInfo{ID: "inQ9I-_VM4pWNffEAAAA", Rooms: []string{"inQ9I-_VM4pWNffEAAAA", "r"}, Data: one(t, map[string]any{"b": []byte{7}})}
	info.Handshake.Headers = map[string]string{"host": "x"}
	info.Handshake.Auth = []byte(`{"token":1}`)
	info.Handshake.Issued = 1795396486123
	m := Message{Kind: FetchedSockets, RequestID: "i", UID: "u", Namespace: "/", Sockets: []socketio.SocketInfo{info}}
	b, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if b[0] == '{' {
		t.Fatal("binary data went as JSON")
	}
	raw, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Sockets) != 1 || !reflect.DeepEqual(back.Sockets[0].Data, info.Data) {
		t.Fatalf("got %+v", back.Sockets)
	}
	got := back.Sockets[0]
	got.Data, got.Handshake.Query = info.Data, nil
	if !reflect.DeepEqual(got, info) {
		t.Errorf("got  %+v\nwant %+v", got, info)
	}
	// The handshake of a Node program may hold anything.
	r, err := ReadResponse([]byte(`{"requestId":"i","sockets":[{"id":"a","handshake":{"headers":{"x":["1","2"],"n":3},"query":{"EIO":"4"},"issued":5,"auth":null,"own":{}},"rooms":["a",7],"data":{"n":1}}]}`))
	if err != nil || len(r.Sockets) != 1 {
		t.Fatalf("got %+v, error %v", r, err)
	}
	s := r.Sockets[0]
	if s.Handshake.Headers["x"] != "2" || s.Handshake.Query["EIO"] != "4" || s.Handshake.Issued != 5 || !reflect.DeepEqual(s.Rooms, []string{"a", "7"}) || string(s.Data.JSON) != `{"n":1}` {
		t.Errorf("got %+v", s)
	}
}

func TestTimeoutsAreMilliseconds(t *testing.T) {
	b, err := AppendOptions(nil, socketio.BroadcastOptions{Flags: socketio.Flags{Timeout: 5 * time.Second}})
	if err != nil || !strings.HasSuffix(hex.EncodeToString(b), hex.EncodeToString([]byte("timeout"))+"cd1388") {
		t.Errorf("got %x, error %v", b, err)
	}
}
