package streaming

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"

	"transportlab/transports"
	"transportlab/transports/internal/hub"
	"transportlab/transports/internal/sse"
	"transportlab/transports/internal/wire"
)

// A framing is how the stream is written: as Server-Sent Events or as NDJSON, in chunks of HTTP/1.1
// or, where HTTP frames the body itself, bare.
type framing struct {
	ndjson  bool
	chunked bool
}

// chunk wraps what was written since dst had n bytes into one chunk (RFC 9112 section 7.1).
func (f framing) chunk(dst []byte, n int) []byte {
	if !f.chunked || len(dst) == n {
		return dst
	}
	var head [18]byte
	h := append(strconv.AppendInt(head[:0], int64(len(dst)-n), 16), "\r\n"...)
	return append(slices.Insert(dst, n, h...), "\r\n"...)
}

// Batch writes an event whose id is the cursor of its last message, or a line.
func (f framing) Batch(dst []byte, r hub.Run) []byte {
	n := len(dst)
	if f.ndjson {
		return f.chunk(append(r.Append(dst), '\n'), n)
	}
	dst = append(dst, "id:"...)
	dst = append(dst, r.Last.Epoch...)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, r.Last.Offset, 10)
	dst = append(dst, "\ndata:"...)
	return f.chunk(append(r.Append(dst), '\n', '\n'), n)
}

// Open writes what makes a browser's EventSource report that it is open, and how long it is to wait
// before it connects again.
func (f framing) Open(dst []byte) []byte {
	if f.ndjson {
		return dst
	}
	n := len(dst)
	dst = append(dst, ":ok\nretry:"...)
	dst = strconv.AppendInt(dst, 2000+rand.Int64N(3000), 10)
	return f.chunk(append(dst, '\n', '\n'), n)
}

func (f framing) Gap(dst []byte, g *transports.GapError) []byte {
	id := g.Resume().String()
	return f.control(dst, "gap", id, wire.Gap(g))
}

func (f framing) Heartbeat(dst []byte) []byte {
	n := len(dst)
	if f.ndjson {
		return f.chunk(append(dst, '\n'), n)
	}
	return f.chunk(append(dst, ":\n\n"...), n)
}

// Bye ends the response. A rotation says nothing: the client asks again at its cursor.
func (f framing) Bye(dst []byte, e *transports.Error) []byte {
	if e != errRotate {
		kind := "error"
		if e.Is(transports.ErrDraining) {
			kind = "bye"
		}
		dst = f.control(dst, kind, "", wire.Control{Type: kind, Error: wire.BodyOf(e)})
	}
	if f.chunked {
		dst = append(dst, "0\r\n\r\n"...)
	}
	return dst
}

func (f framing) control(dst []byte, kind, id string, c wire.Control) []byte {
	n := len(dst)
	p, _ := json.Marshal(c) // a Control holds strings and numbers only
	if f.ndjson {
		return f.chunk(append(append(dst, p...), '\n'), n)
	}
	return f.chunk(sse.Append(dst, sse.Event{Type: kind, ID: id, Data: p}), n)
}

// errRotate ends a response that has lasted long enough (RFC 6202 section 3.2).
var errRotate = &transports.Error{Code: "rotate", Retryable: true}
