package parser

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzDecoder feeds a sequence of frames, separated by 0x1e; those that begin with "b" are binary. Whatever comes, the
// decoder holds a bounded number of attachments, and none after a packet.
func FuzzDecoder(f *testing.F) {
	for _, list := range [][]string{accepted, refused} {
		for _, text := range list {
			if len(text) < 200 {
				f.Add([]byte(text))
			}
		}
	}
	f.Add([]byte("51-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1eb\x01\x1e2[\"a\"]"))
	f.Fuzz(func(t *testing.T, input []byte) {
		d := JSON{}.NewDecoder(0).(*textDecoder)
		for part := range bytes.SplitSeq(input, []byte{0x1e}) {
			data, binary := bytes.CutPrefix(part, []byte("b"))
			if !binary && !utf8.Valid(data) {
				return // the layer below has refused it
			}
			p, complete, err := d.Decode(Frame{Data: data, Binary: binary})
			if len(d.packet.Data.Attachments) > MaxAttachments {
				t.Fatalf("%d attachments are held", len(d.packet.Data.Attachments))
			}
			if err != nil {
				return
			}
			if !complete {
				continue
			}
			if d.Pending() || len(d.packet.Data.Attachments) > 0 {
				t.Fatal("something is left after a packet")
			}
			again(t, p)
		}
	})
}

// again encodes a packet, decodes it and compares.
func again(t *testing.T, p Packet) {
	t.Helper()
	if p.Type == Event {
		if _, args, err := p.Data.Event(); err != nil {
			t.Fatalf("event does not split: %v", err)
		} else {
			for _, a := range args {
				var v any
				_ = a.Decode(&v) // must not panic; numbers may be out of range
			}
		}
	}
	for _, format := range []Parser{JSON{}, Msgpack{}} {
		frames, err := format.Encode(nil, p)
		if err != nil {
			if _, ok := format.(Msgpack); ok {
				continue // deeper, or a number greater, than MessagePack takes
			}
			t.Fatal(err)
		}
		d := format.NewDecoder(0)
		for i, f := range frames {
			q, complete, err := d.Decode(f)
			if err != nil {
				if _, ok := format.(Msgpack); ok {
					continue // escaped names may have become reserved ones, and ids differ
				}
				t.Fatalf("%q: %v", f.Data, err)
			}
			if complete != (i == len(frames)-1) {
				t.Fatalf("complete after frame %d of %d", i+1, len(frames))
			}
			if complete && (q.Type != p.Type || q.Namespace != p.Namespace || q.ID != p.ID || q.HasID != p.HasID ||
				len(q.Data.Attachments) != len(p.Data.Attachments)) {
				t.Fatalf("%+v became %+v", p, q)
			}
		}
	}
}

// FuzzScan compares the scanner with encoding/json.
func FuzzScan(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e-3,"x\u00e9",null,true,false,{}]}`, `[`, `{"a"}`, `"\x"`, `01`, `-`, ` 1 `, `[1,]`, "\"\x01\""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := checkWhole(text) == nil, json.Valid(text); got != want {
			t.Errorf("%q: valid %v, encoding/json says %v", text, got, want)
		}
	})
}

// FuzzMsgpack reads any bytes; what is read is valid JSON, and goes out and in again unchanged.
func FuzzMsgpack(f *testing.F) {
	for _, seed := range []string{"\x80", "\x93\x01\xa1a\xc4\x01x", "\xdd\xff\xff\xff\xff", "\xd6\xff\x00\x00\x00\x01", "\xca\x3f\xc0\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, _, err := ReadMsgpack(b)
		if err != nil {
			return
		}
		if !json.Valid(v.JSON) {
			t.Fatalf("%x gives %s", b, v.JSON)
		}
		out, err := AppendMsgpack(nil, v)
		if err != nil {
			return // a placeholder that the peer has made up
		}
		w, rest, err := ReadMsgpack(out)
		if err != nil || len(rest) > 0 || !bytes.Equal(w.JSON, v.JSON) {
			t.Fatalf("%s became %s, %v", v.JSON, w.JSON, err)
		}
	})
}
