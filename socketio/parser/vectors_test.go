package parser

import (
	"errors"
	"strings"
	"testing"
)

var accepted = []string{
	`0`, `0{"token":"123"}`, `0/admin,`, `0/admin,{"a":1}`, `0/admin`, `0/admin?token=1`, `1`, `1/admin,`, `2["a",1,{}]`,
	`2[1,"a"]`, `2/test,1["a"]`, `3123[]`, `313["x"]`, `4/x,{"message":"m"}`, `4"message"`, `2["error","x"]`, `212["a"]`,
	`2["\u0061b"]`, `2["__proto__"]`, `2["` + "é" + `"]`, `2[ "a" , -1.5e+3 ]`, `2[-1]`,
	`2["a",` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `]`, `2["a","\ud800"]`, `39999999999999999[]`,
}

var refused = []string{
	``, `442["some","data"`, `0/admin,"invalid"`, `0[]`, `0null`, `1/admin,{}`, `1{}`, `2/admin,"invalid`, `2/admin,{}`, `2{}`, `2`,
	`2[]`, `2[{"toString":"foo"}]`, `2[true,"foo"]`, `2[null,"bar"]`, `2["connect"]`, `2["disconnect","123"]`,
	`2["connect_error"]`, `2["disconnecting"]`, `2["newListener"]`, `2["removeListener"]`, `2["\u0063onnect"]`, `2abc["x"]`,
	`3`, `3{}`, `3[]`, `5`, `51`, `5a-`, `51.23-`, `50-["x"]`, `500-["x"]`, `511-["a"]`, `5999999999999-["a"]`, `5-1-["a"]`,
	`51.5-["a"]`, `5-["a"]`, `5 1-["a"]`, `999`, `abc`, `7`, `42{}`, `2["a"]x`, `2["a"] 1`, `2["a",]`, `2["a" "b"]`, `2[01]`,
	`2["a",1.]`, `2["a",.5]`, `2["a",1e]`, `2["a",+1]`, `2["a",tru]`, `2["a",{"b"}]`, `2["a",{"b":}]`, `2["a",{,}]`,
	"2[\"a\n\"]", `2["\x"]`, `2["\u12"]`, `2["a`, `4`, `41`, `4[]`, `2-1["a"]`, `20x1["a"]`, `2 1["a"]`,
	`299999999999999999999["a"]`, `012{}`, `112`, `2["a",` + strings.Repeat("[", 10001), "2\ufeff[\"a\"]",
	`51-["a"]`, `51-["a",{"_placeholder":true,"num":-1}]`, `51-["a",{"_placeholder":true,"num":9}]`,
	`51-["a",{"_placeholder":true,"num":1e9}]`, `51-["a",{"_placeholder":true,"num":"0"}]`,
	`51-["a",{"_placeholder":true,"num":"splice"}]`, `51-["a",{"_placeholder":true,"num":null}]`,
	`51-["a",{"_placeholder":true,"num":1.5}]`, `51-["a",{"_placeholder":true,"num":0.0}]`, `51-["a",{"_placeholder":true}]`,
	`51-["a",{"_placeholder":1,"num":0}]`, `52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`,
	`52-["a",{"_placeholder":true,"num":0}]`, `51-[{"_placeholder":true,"num":0}]`,
	`51-["a",{"{\"_placeholder\":true,\"num\":0}":1}]`, `61-[{"_placeholder":true,"num":0}]`,
}

func TestDecoderAcceptsEveryValidText(t *testing.T) {
	for _, text := range accepted {
		d := JSON{}.NewDecoder(0)
		if _, ok, err := d.Decode(Frame{Data: []byte(text)}); err != nil || !ok {
			t.Errorf("%.60s: complete %v, error %v", text, ok, err)
		}
	}
}

func TestDecoderRefusesEveryInvalidText(t *testing.T) {
	for _, text := range refused {
		d := JSON{}.NewDecoder(0)
		_, ok, err := d.Decode(Frame{Data: []byte(text)})
		if ok || !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60s: complete %v, error %v, want ErrMalformed", text, ok, err)
		}
	}
}

func TestDecoderReadsEachField(t *testing.T) {
	for _, c := range []struct {
		text string
		want Packet
	}{
		{`0`, Packet{Type: Connect, Namespace: "/"}},
		{`0/admin?x=1,{"a":1}`, Packet{Type: Connect, Namespace: "/admin?x=1", Data: Value{JSON: []byte(`{"a":1}`)}}},
		{`2/admin,12["hi"]`, Packet{Type: Event, Namespace: "/admin", ID: 12, HasID: true, Data: Value{JSON: []byte(`["hi"]`)}}},
		{`30[]`, Packet{Type: Ack, Namespace: "/", ID: 0, HasID: true, Data: Value{JSON: []byte(`[]`)}}},
		{`1/a,`, Packet{Type: Disconnect, Namespace: "/a"}},
	} {
		got, ok, err := JSON{}.NewDecoder(0).Decode(Frame{Data: []byte(c.text)})
		if err != nil || !ok || got.Type != c.want.Type || got.Namespace != c.want.Namespace || got.ID != c.want.ID ||
			got.HasID != c.want.HasID || string(got.Data.JSON) != string(c.want.Data.JSON) {
			t.Errorf("%s: got %+v %v %v", c.text, got, ok, err)
		}
	}
}

func TestAttachmentsFollowTheirPacket(t *testing.T) {
	d := JSON{}.NewDecoder(2)
	step := func(f Frame) (Packet, bool, error) { return d.Decode(f) }
	text := Frame{Data: []byte(`52-/b,7["x",{"a":{"num":1,"_placeholder":true}},[{ "_placeholder" : true , "num" : 0 }]]`)}
	if _, ok, err := step(text); ok || err != nil || !d.Pending() {
		t.Fatalf("after the text: complete %v, error %v, pending %v", ok, err, d.Pending())
	}
	if _, ok, err := step(Frame{Data: []byte{1}, Binary: true}); ok || err != nil {
		t.Fatalf("after the first attachment: complete %v, error %v", ok, err)
	}
	p, ok, err := step(Frame{Data: []byte{2}, Binary: true})
	if !ok || err != nil || d.Pending() || p.Type != Event || p.ID != 7 || p.Namespace != "/b" {
		t.Fatalf("at the end: %+v %v %v", p, ok, err)
	}
	name, args, err := p.Data.Event()
	if err != nil || name != "x" || len(args) != 2 {
		t.Fatalf("event %q %v %v", name, args, err)
	}
	var first struct{ A []byte }
	var second []any
	if err := args[0].Decode(&first); err != nil || string(first.A) != "\x02" {
		t.Errorf("first argument %v %v", first, err)
	}
	if err := args[1].Decode(&second); err != nil || string(second[0].([]byte)) != "\x01" {
		t.Errorf("second argument %v %v", second, err)
	}
	if _, _, err := step(Frame{Data: []byte{3}, Binary: true}); !errors.Is(err, ErrMalformed) {
		t.Errorf("binary with none pending: %v", err)
	}
}

func TestTextWhileAttachmentsAreMissingIsRefused(t *testing.T) {
	d := JSON{}.NewDecoder(0)
	if _, _, err := d.Decode(Frame{Data: []byte(`51-["x",{"_placeholder":true,"num":0}]`)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Decode(Frame{Data: []byte(`2["x"]`)}); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestAttachmentLimitIsTheDecodersOwn(t *testing.T) {
	text := Frame{Data: []byte(`52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)}
	if _, _, err := (JSON{}).NewDecoder(1).Decode(text); !errors.Is(err, ErrMalformed) {
		t.Errorf("limit 1 took 2 attachments: %v", err)
	}
	if _, _, err := (JSON{}).NewDecoder(2).Decode(text); err != nil {
		t.Errorf("limit 2 refused 2 attachments: %v", err)
	}
}
