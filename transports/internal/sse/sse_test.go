package sse

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// A vector is a stream and what every reader must make of it; Chromium agrees with all of them.
type vector struct {
	Name   string
	Hex    string
	Events []struct{ Type, Data, ID string }
	Retry  *int64
	LastID *string `json:"last_event_id_after_eof"`
}

func vectors(t testing.TB) (vs []vector) {
	p, err := os.ReadFile("testdata/sse.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(p, &vs); err != nil {
		t.Fatal(err)
	}
	if len(vs) != 51 {
		t.Fatalf("%d vectors, want 51", len(vs))
	}
	return vs
}

func (v vector) bytes(t testing.TB) []byte {
	p, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// decode reads a stream to its end.
func decode(t testing.TB, r io.Reader) ([]Event, *Decoder) {
	d := NewDecoder(r, 1<<20)
	var events []Event
	for {
		e, err := d.Next()
		if err == io.EOF {
			return events, d
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
}

func (v vector) check(t *testing.T, how string, events []Event, d *Decoder) {
	t.Helper()
	var want []Event
	for _, e := range v.Events {
		want = append(want, Event{e.Type, []byte(e.Data), e.ID})
	}
	for i := range events {
		if events[i].Data == nil {
			events[i].Data = []byte{}
		}
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("%s: events %q, want %q", how, events, want)
	}
	if v.Retry != nil && d.Retry().Milliseconds() != *v.Retry || v.Retry == nil && d.Retry() != 0 {
		t.Errorf("%s: retry %v, want %v", how, d.Retry(), v.Retry)
	}
	if v.LastID != nil && d.LastID() != *v.LastID {
		t.Errorf("%s: last event ID %q, want %q", how, d.LastID(), *v.LastID)
	}
}

func TestVectorsWholeByteByByteAndAtEverySplit(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			p := v.bytes(t)
			events, d := decode(t, bytes.NewReader(p))
			v.check(t, "whole", events, d)
			events, d = decode(t, iotest.OneByteReader(bytes.NewReader(p)))
			v.check(t, "byte by byte", events, d)
			for i := range p {
				events, d = decode(t, io.MultiReader(bytes.NewReader(p[:i]), bytes.NewReader(p[i:])))
				v.check(t, "split", events, d)
			}
		})
	}
}

func TestEventLargerThanTheLimitIsRefused(t *testing.T) {
	for _, stream := range []string{"data:" + strings.Repeat("x", 2000), strings.Repeat("data:"+strings.Repeat("x", 90)+"\n", 20)} {
		d := NewDecoder(strings.NewReader(stream), 1000)
		if _, err := d.Next(); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	}
}

func FuzzDecodeIsTheSameAtAnySplit(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.bytes(f), 3)
	}
	f.Fuzz(func(t *testing.T, p []byte, at int) {
		at = max(0, min(at, len(p)))
		whole, dw := decode(t, bytes.NewReader(p))
		split, ds := decode(t, iotest.OneByteReader(io.MultiReader(bytes.NewReader(p[:at]), bytes.NewReader(p[at:]))))
		if !reflect.DeepEqual(whole, split) || dw.LastID() != ds.LastID() || dw.Retry() != ds.Retry() {
			t.Errorf("whole %q, split %q", whole, split)
		}
	})
}

func FuzzAppendDecode(f *testing.F) {
	for _, data := range []string{"", "x", " x", "a\nb", "a\r\nb\rc\n", "data: x\n\nid: 9", "\u2028\x00", ":", "\ufeff"} {
		f.Add(data, "message", "e:1")
	}
	f.Fuzz(func(t *testing.T, data, kind, id string) {
		if strings.ContainsAny(kind+id, "\r\n\x00") || strings.ToValidUTF8(data, "") != data {
			return // not what Append takes
		}
		stream := Append(nil, Event{Type: kind, ID: id, Data: []byte(data)})
		events, _ := decode(t, io.MultiReader(strings.NewReader(":ok\n\n"), bytes.NewReader(stream)))
		want := strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\r", "\n")
		if kind == "" {
			kind = "message"
		}
		if len(events) != 1 || string(events[0].Data) != want || events[0].Type != kind {
			t.Errorf("%q became %q", stream, events)
		}
	})
}
