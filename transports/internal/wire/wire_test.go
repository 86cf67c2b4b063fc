package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"transportlab/transports"
)

var bodies = []transports.Message{
	{ID: "a", Data: []byte("")},
	{ID: "2.1f4", Data: []byte("hello")},
	{ID: "b", Data: []byte("data: x\n\nid: 9")},
	{ID: "c", Data: []byte("\x00\x01\x1f\r\n\t\"\\/\u2028\u2029😀\ufeff")},
	{ID: "d", Data: []byte("\x00\xff\xfe\n"), Binary: true},
	{ID: "e", Data: []byte{}, Binary: true},
}

func at(ms []transports.Message, c transports.Cursor) []transports.Message {
	ms = append([]transports.Message(nil), ms...)
	for i := range ms {
		ms[i].Cursor = transports.Cursor{Epoch: c.Epoch, Offset: c.Offset + uint64(i)}
		if ms[i].Data == nil {
			ms[i].Data = []byte{}
		}
	}
	return ms
}

func TestBatchesSurviveBothForms(t *testing.T) {
	ms := at(bodies, transports.Cursor{Epoch: "k3f9a2", Offset: 17})
	for _, form := range []struct {
		name   string
		append func([]byte, bool, []transports.Message) []byte
		parse  func([]byte) (Batch, error)
	}{{"text", AppendText, ParseText}, {"binary", AppendBinary, ParseBinary}} {
		for _, epoch := range []bool{true, false} {
			p := form.append(nil, epoch, ms)
			b, err := form.parse(p)
			if err != nil {
				t.Fatalf("%s: %v\n%s", form.name, err, p)
			}
			if stated := b.First.Epoch == "k3f9a2"; stated != epoch || b.First.Offset != 17 {
				t.Errorf("%s: first %v with epoch stated %v", form.name, b.First, epoch)
			}
			want := at(bodies, transports.Cursor{Epoch: b.First.Epoch, Offset: 17})
			if got := at(b.Messages, b.First); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q, want %q", form.name, got, want)
			}
		}
	}
}

// The envelope is what the report calls by that name: it must not grow unnoticed.
func TestEnvelopeOfA64ByteMessageIsSmall(t *testing.T) {
	m := transports.Message{Cursor: transports.Cursor{Epoch: "k3f9a2", Offset: 12345}, ID: "2.1f4", Data: bytes.Repeat([]byte("x"), 64)}
	for _, c := range []struct {
		form  string
		bytes []byte
		want  int
	}{
		{"text, epoch known", AppendText(nil, false, []transports.Message{m}), 18},
		{"text, epoch stated", AppendText(nil, true, []transports.Message{m}), 27},
		{"text, one more", AppendEntry(nil, m), 11},
		{"binary, epoch known", AppendBinary(nil, false, []transports.Message{m}), 10},
		{"text, up", AppendUp(nil, m), 12},
	} {
		if got := len(c.bytes) - 64; got != c.want {
			t.Errorf("%s: envelope of %d bytes, want %d: %s", c.form, got, c.want, c.bytes)
		}
	}
}

func TestTextThatIsNotABatchIsRefused(t *testing.T) {
	for _, s := range []string{
		``, ` `, `[`, `[]`, `[1`, `[1,`, `[1,]`, `[1,"a"]`, `[1,"a",]`, `[1,"a","b"`, `[1,"a","b"]x`, `[1,"a","b"]]`, `[01]`, `[-1]`, `[1.5]`,
		`[1e9]`, `[99999999999999999999999]`, `["e"]`, `["e","f"]`, `[1,"a","b","c"]`, `[1,"a",1]`, `[1,"a",null]`, `[1,"a",{}]`, `[1,"a",["b"]]`,
		`[1,"a",{"b64":1}]`, `[1,"a",{"b64":"%%"}]`, `[1,"a",{"b64":"YQ"}]`, `[1,"a",{"b64":"YQ==","b64":"YQ=="}]`, `[1,"a",{"x":"YQ=="}]`,
		`[1,"a","\x"]`, `[1,"a","\u12"]`, `[1,"a","\ud800"]`, `[1,"a","\ud800\u0041"]`, `[1,"a","\udc00"]`, "[1,\"a\",\"\xff\"]", "[1,\"a\",\"\n\"]",
		`[1,"a b","c"]`, `[1,"` + strings.Repeat("x", 129) + `","c"]`, "\ufeff[1]", `{"a":1}`, strings.Repeat("[", 10000),
	} {
		if b, err := ParseText([]byte(s)); err == nil {
			t.Errorf("%.60q was read as %v", s, b)
		} else if e := AsError(err); e.Status != 400 {
			t.Errorf("%.60q: %v, want an error of status 400", s, err)
		}
	}
}

func TestBatchUpIsLimited(t *testing.T) {
	var ms []transports.Message
	for i := range 101 {
		ms = append(ms, transports.Message{ID: fmt.Sprint(i)})
	}
	if _, err := ParseUp(AppendUp(nil, ms...), 100); !errors.Is(err, transports.ErrTooLarge) {
		t.Errorf("101 messages up: %v, want ErrTooLarge", err)
	}
	if got, err := ParseUp(AppendUp(nil, ms[:100]...), 100); err != nil || len(got) != 100 {
		t.Errorf("100 messages up: %d, %v", len(got), err)
	}
}

func TestFollowsRefusesHolesRepeatsAndUnknownEpochs(t *testing.T) {
	b := Batch{First: transports.Cursor{Offset: 5}, Messages: make([]transports.Message, 1)}
	for _, c := range []struct {
		tail  transports.Cursor
		epoch string
		ok    bool
	}{
		{transports.Cursor{}, "e", true}, {transports.Cursor{Epoch: "e", Offset: 4}, "e", true},
		{transports.Cursor{Epoch: "e", Offset: 3}, "e", false}, {transports.Cursor{Epoch: "e", Offset: 5}, "e", false},
		{transports.Cursor{Epoch: "f", Offset: 4}, "e", false}, {transports.Cursor{}, "", false},
	} {
		if err := Follows(c.tail, c.epoch, b); (err == nil) != c.ok {
			t.Errorf("offset 5 of %q after %v: %v", c.epoch, c.tail, err)
		}
	}
}

func FuzzParseText(f *testing.F) {
	f.Add(AppendText(nil, true, at(bodies, transports.Cursor{Epoch: "e", Offset: 1})))
	f.Add([]byte(`[ 1 , "a" , "\u00e9\ud83d\ude00" ]`))
	f.Fuzz(func(t *testing.T, p []byte) {
		b, err := ParseText(p)
		if err != nil || len(b.Messages) == 0 {
			return
		}
		for i := range b.Messages {
			if b.Messages[i].ID == "" {
				b.Messages[i].ID = "x"
			}
		}
		again, err := ParseText(AppendText(nil, b.First.Epoch != "", b.Messages))
		if err != nil || !reflect.DeepEqual(at(again.Messages, b.First), at(b.Messages, b.First)) {
			t.Errorf("%q was read as %v and then as %v (%v)", p, b, again, err)
		}
	})
}

func FuzzParseBinary(f *testing.F) {
	f.Add(AppendBinary(nil, true, at(bodies, transports.Cursor{Epoch: "e", Offset: 1})))
	f.Add([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		b, err := ParseBinary(p)
		if err != nil || len(b.Messages) == 0 {
			return
		}
		again, err := ParseBinary(AppendBinary(nil, b.First.Epoch != "", b.Messages))
		if err != nil || !reflect.DeepEqual(at(again.Messages, b.First), at(b.Messages, b.First)) {
			t.Errorf("%q was read as %v and then as %v (%v)", p, b, again, err)
		}
	})
}

func FuzzParseControl(f *testing.F) {
	f.Add([]byte(`{"epoch":"e","ack":["a",1]}`))
	f.Add([]byte(`{"type":"gap","epoch":"e","first":3,"last":9}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		if c, err := ParseControl(p); err == nil {
			AppendControl(nil, c)
		}
	})
}
