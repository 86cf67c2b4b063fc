package parser

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Blob []byte `json:"blob"`
}

type outer struct {
	inner
	Name    string         `json:"name"`
	List    []inner        `json:"list,omitempty"`
	Any     any            `json:"any"`
	Skipped []byte         `json:"-"`
	Empty   []byte         `json:"empty,omitempty"`
	Map     map[int][]byte `json:"map,omitempty"`
	When    time.Time      `json:"when,omitzero"`
	Ptr     *inner
	hidden  []byte
}

func TestMarshalTakesBinaryOutOfEverything(t *testing.T) {
	v, err := Marshal("ev", []byte("a"), outer{
		inner: inner{[]byte("b")}, Name: "<n>", List: []inner{{[]byte("c")}, {nil}}, Any: map[string]any{"z": []byte("d"), "a": 1},
		Map: map[int][]byte{2: []byte("f"), 1: []byte("e")}, Skipped: []byte("no"), hidden: []byte("no"),
	}, [2]byte{1, 2}, json.RawMessage(`{"raw":1}`), nil, 1.5, "q\"é\n", []string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	want := `["ev",{"_placeholder":true,"num":0},{"blob":{"_placeholder":true,"num":1},"name":"<n>",` +
		`"list":[{"blob":{"_placeholder":true,"num":2}},{"blob":null}],"any":{"a":1,"z":{"_placeholder":true,"num":3}},` +
		`"map":{"1":{"_placeholder":true,"num":4},"2":{"_placeholder":true,"num":5}},"Ptr":null},[1,2],{"raw":1},null,1.5,` +
		`"q\"é\n",["x"]]`
	if string(v.JSON) != want {
		t.Errorf("got  %s\nwant %s", v.JSON, want)
	}
	var all []string
	for _, a := range v.Attachments {
		all = append(all, string(a))
	}
	if got := strings.Join(all, ""); got != "abcdef" {
		t.Errorf("attachments %q", got)
	}
}

func TestMarshalWithoutBinaryIsEncodingJSON(t *testing.T) {
	for _, v := range []any{
		1, int8(-3), uint64(1 << 63), 0.1, 1e300, true, "plain", "é\x00\u2028", []int{1}, map[string]int{"b": 1, "a": 2},
		struct{ A, B any }{1, "x"}, time.Unix(0, 0).UTC(), json.Number("12"), (*int)(nil), []any{nil, "x"}, "\xff",
	} {
		got, err := MarshalOne(v)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(got.JSON, &a) != nil || json.Unmarshal(want, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%v: got %s, want %s", v, got.JSON, want)
		}
	}
}

func TestMarshalRefusesWhatJSONCannotHold(t *testing.T) {
	type loop struct {
		Next *loop
		Data []byte
	}
	cycle := &loop{Data: []byte("x")}
	cycle.Next = cycle
	for name, v := range map[string]any{
		"channel": make(chan int), "function": func() {}, "broken raw JSON": json.RawMessage(`{"a":`),
		"raw JSON with more after it": json.RawMessage(`1 2`), "cycle": cycle, "map with odd keys": map[struct{}][]byte{{}: {1}},
	} {
		if v, err := Marshal(v); err == nil {
			t.Errorf("%s: %s", name, v.JSON)
		}
	}
}

func TestValuesSplitAndJoin(t *testing.T) {
	v, err := Marshal("ev", []byte("a"), 1, []any{[]byte("b"), []byte("c")})
	if err != nil {
		t.Fatal(err)
	}
	list, err := v.Elements()
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}
	if want := `[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`; string(list[3].JSON) != want || len(list[3].Attachments) != 2 {
		t.Errorf("element 3: %s, %d attachments", list[3].JSON, len(list[3].Attachments))
	}
	if again := Array(list...); string(again.JSON) != string(v.JSON) || !reflect.DeepEqual(again.Attachments, v.Attachments) {
		t.Errorf("joined again: %s", again.JSON)
	}
	if again, err := Marshal(list[0], list[1], list[2], list[3]); err != nil || string(again.JSON) != string(v.JSON) {
		t.Errorf("marshalled again: %s, %v", again.JSON, err)
	}
	more, err := v.WithLast(Value{JSON: []byte(`"offset"`)})
	if err != nil || !strings.HasSuffix(string(more.JSON), `]},"offset"]`) && !strings.HasSuffix(string(more.JSON), `],"offset"]`) {
		t.Errorf("with one more: %s, %v", more.JSON, err)
	}
	if one, err := (Value{JSON: []byte(" [ ] ")}).WithLast(Value{JSON: []byte("1")}); err != nil || string(one.JSON) != " [ 1]" {
		t.Errorf("empty array with one: %q, %v", one.JSON, err)
	}
	if _, err := (Value{JSON: []byte("{}")}).WithLast(Value{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("object with one more: %v", err)
	}
}

func TestDecodeFollowsEncodingJSON(t *testing.T) {
	v, err := MarshalOne(map[string]any{"name": "n", "blob": []byte{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	var into outer
	if err := v.Decode(&into); err != nil || into.Name != "n" || string(into.Blob) != "\x01\x02" {
		t.Errorf("struct: %+v, %v", into, err)
	}
	var tree any
	if err := v.Decode(&tree); err != nil || !reflect.DeepEqual(tree, map[string]any{"name": "n", "blob": []byte{1, 2}}) {
		t.Errorf("any: %v, %v", tree, err)
	}
	var object map[string]any
	if err := v.Decode(&object); err != nil || !reflect.DeepEqual(object["blob"], []byte{1, 2}) {
		t.Errorf("map: %v, %v", object, err)
	}
	var number int
	if err := v.Decode(&number); err == nil {
		t.Error("an object decodes into an int")
	}
	number = 7
	if err := (Value{}).Decode(&number); err != nil || number != 7 {
		t.Errorf("absent value: %d, %v", number, err)
	}
	for text, want := range map[string]string{`"a"`: "a", `"\u0041\n"`: "A\n", `"\ud800"`: "\ufffd"} {
		var s string
		if err := (Value{JSON: []byte(text)}).Decode(&s); err != nil || s != want {
			t.Errorf("%s: %q, %v", text, s, err)
		}
	}
	out := Value{JSON: []byte(`{"_placeholder":true,"num":3}`), Attachments: [][]byte{{1}}}
	var b []byte
	if err := out.Decode(&b); !errors.Is(err, ErrMalformed) {
		t.Errorf("placeholder out of range: %v", err)
	}
}

func TestEventNames(t *testing.T) {
	for text, want := range map[string]string{`["a"]`: "a", `[12,1]`: "12", `["\u0061"]`: "a"} {
		if name, _, err := (Value{JSON: []byte(text)}).Event(); err != nil || name != want {
			t.Errorf("%s: %q, %v", text, name, err)
		}
	}
	for _, text := range []string{``, `[]`, `{}`, `[null]`, `[{}]`, `["a"`} {
		if name, _, err := (Value{JSON: []byte(text)}).Event(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %q, %v", text, name, err)
		}
	}
}

func TestPlainEventCostsTwoAllocations(t *testing.T) {
	frame := Frame{Data: []byte(`2/chat,17["message",{"text":"hello"},12]`)}
	d := JSON{}.NewDecoder(0)
	if n := testing.AllocsPerRun(100, func() {
		if _, ok, err := d.Decode(frame); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}); n > 0 {
		t.Errorf("decoding takes %v allocations", n)
	}
	p, _, err := d.Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := p.Data.Event(); err != nil {
			t.Fatal(err)
		}
	}); n > 2 { // the name, and the list of arguments
		t.Errorf("splitting takes %v allocations", n)
	}
	dst := make([]Frame, 0, 1)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := (JSON{}).Encode(dst, p); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("encoding takes %v allocations", n)
	}
}

func TestEncodeIsTheProtocolsText(t *testing.T) {
	for _, c := range []struct {
		p    Packet
		want string
	}{
		{Packet{Type: Connect}, `0`},
		{Packet{Type: Connect, Namespace: "/admin", Data: Value{JSON: []byte(`{"sid":"x"}`)}}, `0/admin,{"sid":"x"}`},
		{Packet{Type: Disconnect, Namespace: "/admin"}, `1/admin,`},
		{Packet{Type: Event, Namespace: "/", Data: Value{JSON: []byte(`["a"]`)}}, `2["a"]`},
		{Packet{Type: Event, Namespace: "/admin", ID: 12, HasID: true, Data: Value{JSON: []byte(`["a"]`)}}, `2/admin,12["a"]`},
		{Packet{Type: Ack, ID: 0, HasID: true, Data: Value{JSON: []byte(`[]`)}}, `30[]`},
		{Packet{Type: ConnectError, Namespace: "/x", Data: Value{JSON: []byte(`{"message":"m"}`)}}, `4/x,{"message":"m"}`},
		{Packet{Type: Event, Data: Value{JSON: []byte(`["a",{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{9}}}},
			`51-["a",{"_placeholder":true,"num":0}]` + "\x09"},
		{Packet{Type: Ack, ID: 5, HasID: true, Namespace: "/n", Data: Value{JSON: []byte(`[{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{9}}}},
			`61-/n,5[{"_placeholder":true,"num":0}]` + "\x09"},
	} {
		frames, err := JSON{}.Encode(nil, c.p)
		got := ""
		for i, f := range frames {
			got += string(f.Data)
			if f.Binary != (i > 0) {
				t.Errorf("%s: frame %d has binary %v", c.want, i, f.Binary)
			}
		}
		if err != nil || got != c.want {
			t.Errorf("got %q, %v, want %q", got, err, c.want)
		}
	}
	for _, p := range []Packet{{Type: 7}, {Type: Connect, Data: Value{Attachments: [][]byte{{1}}}}} {
		if f, err := (JSON{}).Encode(nil, p); err == nil {
			t.Errorf("%+v is encoded as %s", p, f[0].Data)
		}
	}
}
