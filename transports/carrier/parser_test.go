package carrier

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A conversation is what a client and a server say in turn, and what each part is for.
type conversation struct {
	name  string
	parts []part
}

type part struct {
	down bool
	text string
	is   class
}

func up(k class, text string) part   { return part{false, text, k} }
func down(k class, text string) part { return part{true, text, k} }

// frame is an HTTP/2 frame header.
func frame(length int, kind, flags byte, id byte) string {
	return string([]byte{byte(length >> 16), byte(length >> 8), byte(length), kind, flags, 0, 0, 0, id})
}

var conversations = []conversation{
	{"request and answer with lengths", []part{
		up(header, "POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), up(body, "GET /"),
		down(header, "HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n"), down(body, "ok"),
		up(header, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		down(header, "HTTP/1.1 204 No Content\r\n\r\n"),
		up(header, "PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
		down(header, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
	}},
	{"chunks with extensions and trailers", []part{
		up(header, "PRI HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"),
		up(framing, "a;name=\"very long chunk extension, much longer than the line\"\r\n"), up(body, "0123456789"), up(framing, "\r\n"),
		up(framing, "1\r\n"), up(body, "\n"), up(framing, "\r\n"), up(framing, "0\r\n"), up(header, "Trailer: x\r\n"), up(framing, "\r\n"),
		down(header, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
		down(framing, "2\r\n"), down(body, "\r\n"), down(framing, "\r\n"), down(framing, "0\r\n"), down(framing, "\r\n"),
		up(header, "GET / HTTP/1.1\r\n\r\n"), down(header, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
	}},
	{"interim responses, HEAD and pipelining", []part{
		up(header, "HEAD / HTTP/1.1\r\n\r\n"), up(header, "GET / HTTP/1.1\r\n\r\n"),
		up(header, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
		down(header, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
		down(header, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"), down(body, "H"),
		down(header, "HTTP/1.1 100 Continue\r\n\r\n"), up(body, "abc"),
		down(header, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), down(header, "HTTP/1.0 200 OK\r\n\r\n"), down(body, "until the end\r\n\r\n"),
	}},
	{"upgrade", []part{
		up(header, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
		down(header, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"), down(stream, "\x81\x02hi"),
		up(stream, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), down(stream, "HTTP/1.1 200 OK\r\n\r\n"),
	}},
	{"http/2", []part{
		up(framing, http2Preface), up(framing, frame(6, 4, 0, 0)+"\x00\x02\x00\x00\x00\x00"),
		up(framing, frame(4, 1, 4, 1)), up(header, "HPCK"), up(framing, frame(3, 0, 1, 1)), up(body, "PRI"),
		down(framing, frame(0, 4, 0, 0)), down(framing, frame(4, 8, 0, 0)+"\x00\x00\x10\x00"),
		down(framing, frame(3, 1, 0, 1)), down(header, "abc"), down(framing, frame(2, 9, 4, 1)), down(header, "de"),
		down(framing, frame(10, 0, flagPadded, 1)+"\x03"), down(body, "123456"), down(framing, "\x00\x00\x00"),
		down(framing, frame(1, 0, flagPadded, 1)+"\x00"), down(framing, frame(0, 0, 1, 1)),
		up(framing, frame(1+5+2+4, 1, flagPadded|flagPriority, 3)+"\x04"+"\x00\x00\x00\x00\x10"), up(header, "hp"), up(framing, "\x00\x00\x00\x00"),
		down(framing, frame(6, 5, 4, 3)+"\x00\x00\x00\x02"), down(header, "pp"), down(framing, frame(8, 6, 1, 0)+"pingpong"),
		up(framing, frame(8, 7, 0, 0)+"\x00\x00\x00\x00\x00\x00\x00\x00"),
	}},
	{"not HTTP", []part{up(stream, "\x00\x01GET / HTTP/1.1\r\n"), down(stream, "SSH-2.0\r\n")}},
	{"a method that begins like the preface", []part{
		up(header, "PRI * HTTP/1.1\r\nContent-Length: 1\r\n\r\n"), up(body, "x"), up(header, "\r\nPATCH / HTTP/1.1\r\n\r\n"),
	}},
	{"a chunk size that is none", []part{
		down(header, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), down(framing, "xyz\r\n"), down(stream, "0\r\n\r\n"),
	}},
}

// feedPieces plays the conversation in pieces whose lengths size returns.
func (c conversation) feedPieces(size func(rest int) int) (upward, downward tally) {
	var x turns
	u, d := parser{}, parser{response: true}
	for _, p := range c.parts {
		for text := []byte(p.text); len(text) > 0; {
			n := size(len(text))
			if p.down {
				d.feed(text[:n], &x, &downward)
			} else {
				u.feed(text[:n], &x, &upward)
			}
			text = text[n:]
		}
	}
	return upward, downward
}

func (c conversation) want() (upward, downward tally) {
	for _, p := range c.parts {
		if p.down {
			downward[p.is] += int64(len(p.text))
		} else {
			upward[p.is] += int64(len(p.text))
		}
	}
	return upward, downward
}

func TestEveryByteIsCountedForWhatItIs(t *testing.T) {
	for _, c := range conversations {
		wantUp, wantDown := c.want()
		for size := 1; size < 80; size++ {
			gotUp, gotDown := c.feedPieces(func(rest int) int { return min(rest, size) })
			if gotUp != wantUp || gotDown != wantDown {
				t.Errorf("%s, pieces of %d: up %v, want %v; down %v, want %v", c.name, size, gotUp, wantUp, gotDown, wantDown)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			gotUp, gotDown := c.feedPieces(func(rest int) int { return rapid.IntRange(1, rest).Draw(t, "piece") })
			if gotUp != wantUp || gotDown != wantDown {
				t.Fatalf("%s: up %v, want %v; down %v, want %v", c.name, gotUp, wantUp, gotDown, wantDown)
			}
		})
	}
}

func TestParserAllocatesNothing(t *testing.T) {
	for _, c := range conversations[:len(conversations)-1] { // a number that is none costs its error, once
		var x turns
		var texts [][]byte
		for _, p := range c.parts {
			texts = append(texts, []byte(p.text))
		}
		n := testing.AllocsPerRun(20, func() {
			x.upgraded.Store(false)
			var sum tally
			u, d := parser{}, parser{response: true}
			for i, p := range c.parts {
				if p.down {
					d.feed(texts[i], &x, &sum)
				} else {
					u.feed(texts[i], &x, &sum)
				}
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// Whatever comes, each byte is counted once and nothing panics.
func FuzzParser(f *testing.F) {
	for _, c := range conversations {
		var b strings.Builder
		for _, p := range c.parts {
			b.WriteString(p.text)
		}
		f.Add([]byte(b.String()), uint8(7), true)
		f.Add([]byte(b.String()), uint8(1), false)
	}
	f.Fuzz(func(t *testing.T, p []byte, size uint8, response bool) {
		var x turns
		var whole, pieces tally
		s := parser{response: response}
		s.feed(p, &x, &whole)
		s, x2 := parser{response: response}, &turns{}
		for rest := p; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			s.feed(rest[:n], x2, &pieces)
			rest = rest[n:]
		}
		var sum int64
		for _, n := range whole {
			sum += n
		}
		if whole != pieces || sum != int64(len(p)) {
			t.Errorf("%d bytes counted as %v in one piece, %v in pieces of %d", len(p), whole, pieces, int(size)+1)
		}
	})
}

func BenchmarkParser(b *testing.B) {
	for _, c := range conversations[:2] {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			n := 0
			for _, p := range c.parts {
				n += len(p.text)
			}
			b.SetBytes(int64(n))
			for b.Loop() {
				c.feedPieces(func(rest int) int { return rest })
			}
		})
	}
}
