package rfc6455

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"transportlab/transports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 1 << 10

// frame is a client's frame; bits are added to its first byte.
func frame(bits byte, p string) []byte {
	return append(head(bits, len(p), 0x80), masked(p)...)
}

func head(first byte, n int, mask byte) []byte {
	h := []byte{first}
	switch {
	case n < 126:
		h = append(h, mask|byte(n))
	case n < 1<<16:
		h = binary.BigEndian.AppendUint16(append(h, mask|126), uint16(n))
	default:
		h = binary.BigEndian.AppendUint64(append(h, mask|127), uint64(n))
	}
	if mask != 0 {
		h = append(h, 1, 2, 3, 4)
	}
	return h
}

func masked(p string) []byte {
	b := []byte(p)
	for i := range b {
		b[i] ^= byte(i&3 + 1)
	}
	return b
}

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// serve gives the bytes to a Conn, followed by the end of the stream, and returns its messages, its error
// and what it wrote. cut: how many bytes each read takes at most.
func serve(t *testing.T, in []byte, cut int) (got []string, written []byte, err error) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() { // ends with the input or the pipe
		for len(in) > 0 {
			n := min(cut, len(in))
			if _, err := b.Write(in[:n]); err != nil {
				return
			}
			in = in[n:]
		}
		b.Close()
	}()
	out := &recorder{Conn: a}
	c := newConn(out, nil, true, limit)
	for {
		p, isBinary, e := c.ReadMessage()
		if e != nil {
			return got, out.written, e
		}
		kind := "t:"
		if isBinary {
			kind = "b:"
		}
		got = append(got, kind+string(p))
	}
}

type recorder struct {
	net.Conn
	written []byte
}

func (r *recorder) Write(p []byte) (int, error) {
	r.written = append(r.written, p...)
	return len(p), nil
}

// Rows of RFC 6455; the names are the rows that reliability tests go by.
func TestRows(t *testing.T) {
	text := func(p string) []byte { return frame(fin|opText, p) }
	closing := func(code uint16, reason string) []byte {
		return frame(fin|opClose, string(binary.BigEndian.AppendUint16(nil, code))+reason)
	}
	rows := []struct {
		name    string
		in      []byte
		got     string // messages, joined
		err     error  // nil: the stream's unexpected end
		written string
	}{
		{"text", text("hello"), "t:hello", nil, ""},
		{"binary", frame(fin|opBinary, "\x00\xff"), "b:\x00\xff", nil, ""},
		{"empty", text(""), "t:", nil, ""},
		{"16-bit length", text(strings.Repeat("x", 300)), "t:" + strings.Repeat("x", 300), nil, ""},
		{"at the limit", text(strings.Repeat("x", limit)), "t:" + strings.Repeat("x", limit), nil, ""},
		{"W02 unmasked", append(head(fin|opText, 1, 0), 'x'), "", transports.ErrMalformed, ""},
		{"W03 RSV2", frame(fin|opText|0x20, "x"), "", transports.ErrMalformed, ""},
		{"W03 RSV3", frame(fin|opText|0x10, "x"), "", transports.ErrMalformed, ""},
		{"W04 opcode 3", frame(fin|3, "x"), "", transports.ErrMalformed, ""},
		{"W04 opcode 11", frame(fin|11, "x"), "", transports.ErrMalformed, ""},
		{"W05 long ping", frame(fin|opPing, strings.Repeat("x", 126)), "", transports.ErrMalformed, ""},
		{"W05 fragmented ping", frame(opPing, "x"), "", transports.ErrMalformed, ""},
		{"W06 ping", join(frame(fin|opPing, "abc"), text("x")), "t:x", nil, "\x8a\x03abc"},
		{"W06 ping between fragments", join(frame(opText, "a"), frame(fin|opPing, ""), frame(fin|opContinuation, "b")), "t:ab", nil, "\x8a\x00"},
		{"W06 unsolicited pong", join(frame(fin|opPong, "x"), text("y")), "t:y", nil, ""},
		{"W07 fragments", join(frame(opText, "a"), frame(opContinuation, ""), frame(fin|opContinuation, "b")), "t:ab", nil, ""},
		{"W07 continuation of nothing", frame(fin|opContinuation, "x"), "", transports.ErrMalformed, ""},
		{"W07 new message inside another", join(frame(opText, "a"), text("b")), "", transports.ErrMalformed, ""},
		{"W08 fragmented message cut off", frame(opText, "abc"), "", nil, ""},
		{"W08 frame cut off", text("hello")[:8], "", nil, ""},
		{"W08 header cut off", text("hello")[:1], "", nil, ""},
		{"W08 close inside a message", join(frame(opText, "abc"), closing(1000, "")), "", io.EOF, "\x88\x02\x03\xe8"},
		{"W09 invalid UTF-8", text("\xff"), "", transports.ErrUTF8, ""},
		{"W09 surrogate", text("\xed\xa0\x80"), "", transports.ErrUTF8, ""},
		{"W09 character across fragments", join(frame(opText, "\xe2\x82"), frame(fin|opContinuation, "\xac")), "t:€", nil, ""},
		{"W11 close of one byte", frame(fin|opClose, "x"), "", transports.ErrMalformed, ""},
		{"W11 close 1005", closing(1005, ""), "", transports.ErrMalformed, ""},
		{"W11 close 999", closing(999, ""), "", transports.ErrMalformed, ""},
		{"W11 close 2999", closing(2999, ""), "", transports.ErrMalformed, ""},
		{"W12 close 1000", closing(1000, "bye"), "", io.EOF, "\x88\x02\x03\xe8"},
		{"W12 close 4999", closing(4999, ""), "", io.EOF, "\x88\x02\x13\x87"},
		{"W12 close without code", frame(fin|opClose, ""), "", io.EOF, "\x88\x00"},
		{"W13 close reason not UTF-8", closing(1000, "\xff"), "", transports.ErrUTF8, ""},
		{"W14 data after close", join(closing(1000, ""), text("x")), "", io.EOF, "\x88\x02\x03\xe8"},
		{"W16 length of 2^63", []byte{fin | opText, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, "", transports.ErrMalformed, ""},
		{"W16 length of 2^63-1", []byte{fin | opText, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4}, "", transports.ErrTooLarge, ""},
		{"W16 length not minimal", []byte{fin | opText, 0xfe, 0, 1, 1, 2, 3, 4, 'x'}, "", transports.ErrMalformed, ""},
		{"W17 one over the limit", text(strings.Repeat("x", limit+1)), "", transports.ErrTooLarge, ""},
		{"W17 one over in fragments", join(frame(opText, strings.Repeat("x", limit)), frame(fin|opContinuation, "x")), "", transports.ErrTooLarge, ""},
		{"W19 compressed", frame(fin|rsv1|opText, string(deflate([]byte("hello hello hello"), 0))), "t:hello hello hello", nil, ""},
		{"W19 bad deflate data", frame(fin|rsv1|opText, "\xff\xff\xff"), "", transports.ErrUTF8, ""},
		{"W19 RSV1 on a continuation", join(frame(opText, "a"), frame(fin|rsv1|opContinuation, "b")), "", transports.ErrMalformed, ""},
		{"A08 deflate bomb", frame(fin|rsv1|opText, string(deflate(make([]byte, 1<<19), 0))), "", transports.ErrTooLarge, ""},
		{"A10 empty fragments without end", join(frame(opText, ""), bytes.Repeat(frame(opContinuation, ""), 200)), "", errPolicy, ""},
		{"A41 ping flood", bytes.Repeat(frame(fin|opPing, ""), 50), "", errPolicy, strings.Repeat("\x8a\x00", 2*controlRate)},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for _, cut := range []int{1 << 20, 1, 7} {
				got, written, err := serve(t, r.in, cut)
				if strings.Join(got, ",") != r.got {
					t.Errorf("reads of %d: messages %.80q, want %.80q", cut, got, r.got)
				}
				want := r.err
				if want == nil {
					want = io.ErrUnexpectedEOF
				}
				if err != want {
					t.Errorf("reads of %d: error %v, want %v", cut, err, want)
				}
				if string(written) != r.written {
					t.Errorf("reads of %d: written %q, want %q", cut, written, r.written)
				}
			}
		})
	}
}

func TestNothingFollowsACloseFrame(t *testing.T) {
	out := &recorder{}
	c := newConn(out, nil, false, limit)
	c.Write(AppendFrame([]byte("last"), 0, false, false))
	c.Write(AppendClose(AppendFrame([]byte("words"), 0, false, false), 1001, "draining"))
	c.Write(AppendFrame([]byte("more"), 0, false, false))
	c.Write(AppendPing(nil))
	if want := "\x81\x04last\x81\x05words\x88\x0a\x03\xe9draining"; string(out.written) != want {
		t.Errorf("written %q, want %q", out.written, want)
	}
}

func TestMessageMustArriveInTime(t *testing.T) {
	for _, part := range [][]byte{frame(opText, "half")[:3], frame(opText, "half"), {fin | opText}} {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			defer a.Close()
			defer b.Close()
			go b.Write(part) // ends with the pipe
			start := time.Now()
			_, _, err := newConn(a, nil, false, limit).ReadMessage()
			if err != errPolicy || time.Since(start) != messageTime {
				t.Errorf("%q: %v after %v, want close 1008 after %v", part, err, time.Since(start), messageTime)
			}
		})
	}
}

func TestIdleConnectionMayBeSilentForAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		go func() { // ends with its writes
			for range 3 {
				time.Sleep(time.Hour)
				b.Write(frame(opText, "a"))
				time.Sleep(messageTime / 2)
				b.Write(frame(fin|opContinuation, "b"))
			}
		}()
		c := newConn(a, nil, false, limit)
		for range 3 {
			if p, _, err := c.ReadMessage(); string(p) != "ab" || err != nil {
				t.Errorf("%q, %v", p, err)
			}
		}
	})
}

func TestHandshake(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hs, err := Check(w, r)
		if err != nil {
			w.WriteHeader(err.(*transports.Error).Status)
			return
		}
		c, err := hs.Accept(w, true, limit)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		p, _, _ := c.ReadMessage()
		c.Write(AppendFrame(bytes.Clone(p), 0, false, false))
	}))
	defer srv.Close()
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	good := []string{"Upgrade: WebSocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13", key}
	without := func(i int) []string { return append(append([]string(nil), good[:i]...), good[i+1:]...) }
	for _, c := range []struct {
		name, line, status string
		headers            []string
	}{
		{"good", "GET / HTTP/1.1", "101", good},
		{"no upgrade", "GET / HTTP/1.1", "426", without(0)},
		{"no connection", "GET / HTTP/1.1", "426", without(1)},
		{"no version", "GET / HTTP/1.1", "426", without(2)},
		{"no key", "GET / HTTP/1.1", "400", without(3)},
		{"two keys", "GET / HTTP/1.1", "400", append(without(3), key, key)},
		{"short key", "GET / HTTP/1.1", "400", append(without(3), "Sec-WebSocket-Key: YWJj")},
		{"POST", "POST / HTTP/1.1", "405", good},
		{"HTTP/1.0", "GET / HTTP/1.0", "426", good},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// The first message comes with the request: HTTP reads some of it.
			fmt.Fprintf(conn, "%s\r\nHost: x\r\n%s\r\n\r\n%s", c.line, strings.Join(c.headers, "\r\n"), frame(fin|opText, "early"))
			r := bufio.NewReader(conn)
			resp, err := http.ReadResponse(r, nil)
			if err != nil || !strings.HasPrefix(resp.Status, c.status) {
				t.Fatalf("%v, %v; want status %s", resp, err, c.status)
			}
			if c.status != "101" {
				return
			}
			if got := resp.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
				t.Errorf("accept %q (RFC 6455 section 1.3 has s3pPLMBiTxaQ9kYGzzhZRbK+xOo=)", got)
			}
			echo := make([]byte, 7)
			if _, err := io.ReadFull(r, echo); err != nil || string(echo) != "\x81\x05early" {
				t.Errorf("echo %q, %v", echo, err)
			}
		})
	}
}

func TestDeflateIsTakenOnlyInTheFormSpokenHere(t *testing.T) {
	for offer, want := range map[string]bool{
		"permessage-deflate":                         true,
		"permessage-deflate; client_max_window_bits": true,
		"permessage-deflate; server_max_window_bits=15; server_no_context_takeover": true,
		"permessage-deflate; server_max_window_bits=10":                             false,
		"permessage-deflate; server_max_window_bits=10, permessage-deflate":         true,
		"permessage-deflate; unknown":                                               false,
		"x-webkit-deflate-frame":                                                    false,
		strings.Repeat("constructor,", 8000):                                        false,
	} {
		if got := offersDeflate(http.Header{"Sec-Websocket-Extensions": {offer}}); got != want {
			t.Errorf("%.60q: %v", offer, got)
		}
	}
}

// FuzzReadMessage compares with a reader that takes whole inputs only: what one accepts the other must.
func FuzzReadMessage(f *testing.F) {
	f.Add(frame(fin|opText, "hello"), 3)
	f.Add(join(frame(opText, "a"), frame(fin|opPing, "p"), frame(fin|opContinuation, "b")), 1)
	f.Add(frame(fin|rsv1|opText, string(deflate([]byte("hello hello"), 0))), 2)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		whole, w1, err1 := serve(t, in, 1<<20)
		parts, w2, err2 := serve(t, in, max(1, cut%97))
		if fmt.Sprint(whole) != fmt.Sprint(parts) || !bytes.Equal(w1, w2) || err1 != err2 {
			t.Errorf("whole: %q %v %q; in parts: %q %v %q", whole, err1, w1, parts, err2, w2)
		}
		for _, m := range whole {
			if len(m)-2 > limit || m[0] == 't' && !utf8.ValidString(m) {
				t.Errorf("message %q", m)
			}
		}
	})
}
