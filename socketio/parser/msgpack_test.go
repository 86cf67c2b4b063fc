package parser

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// Bytes captured from, or given by the tables of, the official encoder (notepack.io).
var msgpackForms = []struct{ json, hex string }{
	{`null`, "c0"}, {`true`, "c3"}, {`false`, "c2"}, {`0`, "00"}, {`127`, "7f"}, {`-1`, "ff"}, {`-32`, "e0"}, {`-33`, "d0df"},
	{`1.5`, "cb3ff8000000000000"}, {`"a"`, "a161"}, {`[]`, "90"}, {`{}`, "80"}, {`[1,[2]]`, "92019102"},
	{`{"type":2,"data":["bc","hi",1],"nsp":"/"}`, "83a47479706502a46461746193a26263a2686901a36e7370a12f"},
	{`{"rooms":[],"except":[],"flags":{}}`, "83a5726f6f6d7390a665786365707490a5666c61677380"},
	{`[0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5]`, "dc001000010203040506070809000102030405"},
}

func TestMsgpackFormsAreTheOfficialOnes(t *testing.T) {
	for _, c := range msgpackForms {
		got, err := AppendMsgpack(nil, Value{JSON: []byte(c.json)})
		if err != nil || hex.EncodeToString(got) != c.hex {
			t.Errorf("%s: got %x, %v, want %s", c.json, got, err, c.hex)
		}
		v, rest, err := ReadMsgpack(got)
		if err != nil || len(rest) != 0 || string(v.JSON) != c.json {
			t.Errorf("%s: reads back as %s, %d bytes left, %v", c.hex, v.JSON, len(rest), err)
		}
	}
}

func TestMsgpackReadsEveryForm(t *testing.T) {
	for _, c := range []struct{ hex, json string }{
		{"cc01", "1"}, {"cd0001", "1"}, {"ce00000001", "1"}, {"cf0000000000000001", "1"}, {"cfffffffffffffffff", "18446744073709551615"},
		{"d0ff", "-1"}, {"d1ffff", "-1"}, {"d2ffffffff", "-1"}, {"d3ffffffffffffffff", "-1"}, {"ca3fc00000", "1.5"},
		{"cb7ff8000000000000", "null"}, {"cb7ff0000000000000", "null"},
		{"d90161", `"a"`}, {"da000161", `"a"`}, {"db0000000161", `"a"`}, {"a1ff", "\"\ufffd\""},
		{"dc000101", "[1]"}, {"dd0000000101", "[1]"}, {"de0001a16101", `{"a":1}`}, {"df00000001a16101", `{"a":1}`},
		{"8101c0", `{"1":null}`}, {"d40000", "null"}, {"d50000ff", "null"}, {"c70100ff", "null"}, {"c8000100ff", "null"},
		{"c90000000100ff", "null"}, {"d6ff00000001", `"1970-01-01T00:00:01.000Z"`},
		{"d7ff77359400" + "00000001", `"1970-01-01T00:00:01.500Z"`},
		{"c70cff1dcd6500fffffffffffffffe", `"1969-12-31T23:59:58.500Z"`},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		v, rest, err := ReadMsgpack(b)
		if err != nil || len(rest) != 0 || string(v.JSON) != c.json {
			t.Errorf("%s: got %s, %d bytes left, %v, want %s", c.hex, v.JSON, len(rest), err, c.json)
		}
	}
}

func TestMsgpackRefusesHostileBytes(t *testing.T) {
	for _, h := range []string{
		"", "c1", "a5", "ddffffffff", "dfffffffff", "c6ffffffff", "dbffffffff", "dd7fffffff01", "cd00", "ca00", "d6ff00", "c9ffffffff00",
		"d40100", "c7", "81", "81c0c0", "d6ff", "c70cffffffffff7fffffffffffffff", strings.Repeat("91", 600),
	} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		if v, _, err := ReadMsgpack(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.40s: %s, %v", h, v.JSON, err)
		}
	}
	if _, err := AppendMsgpack(nil, Value{JSON: []byte(strings.Repeat("[", 600) + strings.Repeat("]", 600))}); !errors.Is(err, ErrMalformed) {
		t.Errorf("deep JSON: %v", err)
	}
	if _, err := AppendMsgpack(nil, Value{JSON: []byte(`[1`)}); !errors.Is(err, ErrMalformed) {
		t.Errorf("broken JSON: %v", err)
	}
}

func TestMsgpackCarriesBinaryInPlace(t *testing.T) {
	v, err := Marshal("x", []byte{1, 2}, map[string]any{"b": []byte{3}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := AppendMsgpack(nil, v)
	if want := "93a178c402010281a162c40103"; err != nil || hex.EncodeToString(b) != want {
		t.Errorf("got %x, %v, want %s", b, err, want)
	}
	again, _, err := ReadMsgpack(b)
	if err != nil || string(again.JSON) != string(v.JSON) || len(again.Attachments) != 2 || !bytes.Equal(again.Attachments[1], []byte{3}) {
		t.Errorf("reads back as %s %v %v", again.JSON, again.Attachments, err)
	}
}

func TestMsgpackPackets(t *testing.T) {
	d := Msgpack{}.NewDecoder(0)
	for _, p := range []Packet{
		{Type: Connect, Namespace: "/"}, {Type: Connect, Namespace: "/a", Data: Value{JSON: []byte(`{"token":1}`)}},
		{Type: Disconnect, Namespace: "/a"}, {Type: Event, Namespace: "/", ID: 3, HasID: true, Data: Value{JSON: []byte(`["x",1]`)}},
		{Type: Ack, Namespace: "/", HasID: true, Data: Value{JSON: []byte(`[]`)}},
		{Type: ConnectError, Namespace: "/", Data: Value{JSON: []byte(`{"message":"m"}`)}},
		{Type: Event, Namespace: "/", Data: Value{JSON: []byte(`["x",{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{7}}}},
	} {
		frames, err := Msgpack{}.Encode(nil, p)
		if err != nil || len(frames) != 1 || !frames[0].Binary {
			t.Fatalf("%v: %v, %v", p, frames, err)
		}
		got, ok, err := d.Decode(frames[0])
		if err != nil || !ok || got.Type != p.Type || got.Namespace != p.Namespace || got.ID != p.ID || got.HasID != p.HasID ||
			string(got.Data.JSON) != string(p.Data.JSON) || len(got.Data.Attachments) != len(p.Data.Attachments) {
			t.Errorf("%+v became %+v, %v", p, got, err)
		}
	}
	for name, packet := range map[string]string{
		"not a map": "90", "no type": "81a36e7370a12f", "no namespace": "81a47479706502", "type 5": "82a47479706505a36e7370a12f",
		"namespace without slash": "82a47479706500a36e7370a161", "event without data": "82a47479706502a36e7370a12f",
		"reserved event":   "83a47479706502a36e7370a12fa46461746191a7636f6e6e656374",
		"negative id":      "84a47479706502a36e7370a12fa46461746191a178a26964ff",
		"bytes after it":   "82a47479706500a36e7370a12f00",
		"data of the type": "83a47479706500a36e7370a12fa46461746190",
		"own placeholder":  "83a47479706502a36e7370a12fa46461746193a178c4010782ac5f706c616365686f6c646572c3a36e756d05",
	} {
		b, err := hex.DecodeString(packet)
		if err != nil {
			t.Fatal(err)
		}
		if p, _, err := d.Decode(Frame{Data: b, Binary: true}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if _, _, err := d.Decode(Frame{Data: []byte(`0`)}); !errors.Is(err, ErrMalformed) {
		t.Errorf("text: %v", err)
	}
}
