package engineio

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPayloadVectors(t *testing.T) {
	for _, c := range []struct {
		payload string
		want    string // packets as "<type><t|b><data>", separated by spaces; "error" at the end if there is one
	}{
		{"", "error"},
		{"4", "4t"},
		{"4hello", "4thello"},
		{"4a\x1e4b", "4ta 4tb"},
		{"4a\x1e", "4ta error"},
		{"\x1e4a", "error"},
		{"\x1e\x1e", "error"},
		{"bAQIDBA==", "4b\x01\x02\x03\x04"},
		{"b", "4b"},
		{"b$$$", "error"},
		{"bAQIDBA", "error"},
		{"bAQIDBB==", "error"},
		{"bAQ==\nAQ==", "error"},
		{"7", "error"},
		{"a", "error"},
		{" 4a", "error"},
		{"4\xff", "error"},
		{"2probe", "2tprobe"},
		{"6", "6t"},
		{"4test1\x1ebAQIDBA==\x1e4test2", "4ttest1 4b\x01\x02\x03\x04 4ttest2"},
	} {
		var got []string
		for p, err := range DecodePayload([]byte(c.payload)) {
			if err != nil {
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("%q: %v is no ErrMalformed", c.payload, err)
				}
				got = append(got, "error")
				continue
			}
			kind := "t"
			if p.Binary {
				kind = "b"
			}
			got = append(got, string('0'+byte(p.Type))+kind+string(p.Data))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: got %q, want %q", c.payload, s, c.want)
		}
	}
}

func TestPayloadBytesAreThoseOfTheProtocol(t *testing.T) {
	got := AppendPayload(nil, Packet{Type: MessagePacket, Data: []byte("hello")}, Packet{Binary: true, Data: []byte{1, 2, 3, 4}})
	if want := "4hello\x1ebAQIDBA=="; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMessageIsItsOwnFrameAndPacket(t *testing.T) {
	for _, size := range []int{0, 1, 124, 125, 126, 1 << 10, 65534, 65535, 65536, 100_000} {
		data := bytes.Repeat([]byte("x"), size)
		for _, binary := range []bool{false, true} {
			m := NewMessage(data, binary)
			body := m.frame[m.body:]
			if !binary {
				if body[0] != '4' {
					t.Fatalf("size %d: text begins with %q", size, body[0])
				}
				body = body[1:]
			}
			if !bytes.Equal(body, data) || frameLength(m.frame) != len(m.frame)-m.body {
				t.Errorf("size %d, binary %v: frame of %d bytes says %d", size, binary, len(m.frame)-m.body, frameLength(m.frame))
			}
			p, err := DecodePacket(m.appendPolling(nil))
			if err != nil || p.Binary != binary || !bytes.Equal(p.Data, data) {
				t.Errorf("size %d, binary %v: as a packet %v, %d bytes, %v", size, binary, p.Type, len(p.Data), err)
			}
		}
	}
}

// frameLength reads the length from an unmasked frame's header.
func frameLength(f []byte) (n int) {
	switch f[1] {
	case 126:
		return int(f[2])<<8 | int(f[3])
	case 127:
		for _, b := range f[2:10] {
			n = n<<8 | int(b)
		}
		return n
	}
	return int(f[1])
}

func TestIDsAreUniqueAndOfTwentyCharacters(t *testing.T) {
	const n, sample = 300_000, 100_000
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	seen := make(map[string]struct{}, n)
	var ones [120]int
	for round := range n {
		id := NewID()
		if !validID(id) || len(id) != 20 {
			t.Fatalf("id %q", id)
		}
		seen[id] = struct{}{}
		for i := range ones {
			if round < sample && strings.IndexByte(alphabet, id[i/6])>>(5-i%6)&1 == 1 {
				ones[i]++
			}
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d ids are different", len(seen), n)
	}
	for bit, count := range ones { // six standard deviations of a fair coin are 950
		if count < sample/2-950 || count > sample/2+950 {
			t.Errorf("bit %d is set in %d of %d ids", bit, count, sample)
		}
	}
}

// A payload of very many packets must cost time in proportion to its size: the ratio of two runs tells.
func TestDecodingIsLinear(t *testing.T) {
	count := func(n int) (packets int) {
		payload := []byte(strings.TrimSuffix(strings.Repeat("4a\x1e", n), "\x1e"))
		for _, err := range DecodePayload(payload) {
			if err != nil {
				t.Fatal(err)
			}
			packets++
		}
		return packets
	}
	if allocs := testing.AllocsPerRun(5, func() { count(1000) }); allocs > 10 {
		t.Errorf("1,000 packets take %v allocations", allocs)
	}
	if n := count(300_000); n != 300_000 {
		t.Errorf("%d packets", n)
	}
}

func TestReasonsAndCodesHaveTheProtocolsWords(t *testing.T) {
	for code, want := range map[Code]string{0: "Transport unknown", 1: "Session ID unknown", 2: "Bad handshake method",
		3: "Bad request", 4: "Forbidden", 5: "Unsupported protocol version", 99: "Bad request"} {
		if code.String() != want {
			t.Errorf("code %d is %q, want %q", code, code, want)
		}
	}
}

func TestDefaultsAreTheOfficialServers(t *testing.T) {
	o := Options{}.withDefaults()
	if o.PingInterval != 25*time.Second || o.PingTimeout != 20*time.Second || o.UpgradeTimeout != 10*time.Second ||
		o.MaxPayload != 1_000_000 || o.CompressionThreshold != 1024 {
		t.Errorf("got %+v", o)
	}
}

func FuzzPayload(f *testing.F) {
	for _, seed := range []string{"", "4", "4a\x1e4b", "bAQIDBA==", "b", "\x1e", "2probe", "4\xff", "7"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var packets []Packet
		for p, err := range DecodePayload(payload) {
			if err != nil {
				return
			}
			packets = append(packets, p)
		}
		if again := AppendPayload(nil, packets...); !bytes.Equal(again, payload) {
			t.Errorf("%q is encoded again as %q", payload, again)
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte("4hello"), false)
	f.Add([]byte{0, 1}, true)
	f.Fuzz(func(t *testing.T, data []byte, binary bool) {
		p, err := DecodeFrame(data, binary)
		if err != nil {
			return
		}
		q, err := DecodePacket(AppendPacket(nil, p))
		if err != nil || q.Type != p.Type || q.Binary != p.Binary || !bytes.Equal(q.Data, p.Data) {
			t.Errorf("%q, %v: %+v became %+v, %v", data, binary, p, q, err)
		}
	})
}
