package carrier

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// A parser follows one direction of a connection far enough to say what each byte is for. It holds a
// fixed amount of state, takes bytes in pieces of any size, never allocates, and never fails: what it
// does not understand is stream. It is no guard; net/http judges the same bytes for itself.
type parser struct {
	state    state
	response bool
	chunked  bool
	sized    bool // Content-Length was given
	head     bool // the request's method is HEAD
	status   int16
	left     int64 // bytes of the body, chunk or frame content still to come
	before   int64 // HTTP/2: framing bytes before the content
	after    int64 // HTTP/2: padding behind it
	kind     class // HTTP/2: class of the content
	held     uint8
	line     [40]byte // the beginning of a line, or a frame's header, that came in pieces
}

type state uint8

const (
	start     state = iota // nothing seen yet
	firstLine              // of a request or response
	headers
	sizedBody
	endlessBody // until the connection closes
	chunkSize
	chunkData
	chunkEnd
	trailers
	preface // of HTTP/2
	frameHeader
	padLength
	frameContent
	opaque
)

// turns is what the two directions of a connection tell each other.
type turns struct {
	upgraded atomic.Bool
	mu       sync.Mutex
	heads    uint64 // one bit for each request without a response, the oldest lowest: its method is HEAD
	waiting  int
}

func (x *turns) push(head bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if head && x.waiting < 64 {
		x.heads |= 1 << x.waiting
	}
	x.waiting++
}

func (x *turns) pop() (head bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	head = x.heads&1 != 0
	x.heads >>= 1
	x.waiting = max(x.waiting-1, 0)
	return head
}

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// feed counts p, the next bytes of this direction, in t.
func (s *parser) feed(p []byte, x *turns, t *tally) {
	for len(p) > 0 {
		switch s.state {
		case start:
			s.sniff(p[0])
		case preface:
			p = s.feedPreface(p, t)
		case frameHeader, padLength, frameContent:
			p = s.feedFrame(p, t)
		case sizedBody, chunkData:
			p = s.take(p, &s.left, body, t)
			if s.left == 0 {
				if s.state == chunkData {
					s.state = chunkEnd
				} else {
					s.state = firstLine
				}
			}
		case endlessBody:
			t[body] += int64(len(p))
			return
		case opaque:
			t[stream] += int64(len(p))
			return
		default:
			p = s.feedLine(p, x, t)
		}
	}
}

// sniff tells the protocol by its first byte: an HTTP/2 server's first frame is SETTINGS, whose length
// begins with 0, and a request or status line begins with a letter.
func (s *parser) sniff(b byte) {
	switch {
	case s.response && b == 0:
		s.state = frameHeader
	case s.response && b == 'H', !s.response && b >= 'A' && b <= 'Z' && b != 'P':
		s.state = firstLine
	case !s.response && b == 'P':
		s.state = preface // or POST, PUT, PATCH
	default:
		s.state = opaque
	}
}

// feedPreface compares with the connection preface of HTTP/2 (RFC 9113, section 3.4). What differs from it is a request
// line, and all of it header.
func (s *parser) feedPreface(p []byte, t *tally) []byte {
	for i, b := range p {
		if b != http2Preface[s.held] {
			t[header] += int64(i)
			copy(s.line[:], http2Preface[:s.held])
			s.state = firstLine
			return p[i:]
		}
		s.held++
		if int(s.held) == len(http2Preface) {
			t[framing] += int64(s.held)
			// Bytes that came earlier were counted as header until the preface was whole.
			t[header] -= int64(s.held) - int64(i+1)
			s.held = 0
			s.state = frameHeader
			return p[i+1:]
		}
	}
	t[header] += int64(len(p))
	return nil
}

// take counts the part of p that belongs to the next *left bytes and returns the rest.
func (s *parser) take(p []byte, left *int64, k class, t *tally) []byte {
	n := min(int64(len(p)), *left)
	*left -= n
	t[k] += n
	return p[n:]
}

// hold keeps as much of p as fits in line.
func (s *parser) hold(p []byte) {
	s.held += uint8(copy(s.line[s.held:], p))
}

// feedLine takes what p has of the current line, and acts on the line when it is whole.
func (s *parser) feedLine(p []byte, x *turns, t *tally) []byte {
	if s.state == firstLine && !s.response && s.held == 0 && x.upgraded.Load() {
		s.state = opaque
		return p
	}
	k := header
	if s.state == chunkSize || s.state == chunkEnd {
		k = framing
	}
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		s.hold(p)
		t[k] += int64(len(p))
		return nil
	}
	line := p[:i+1]
	t[k] += int64(len(line))
	if s.held > 0 {
		s.hold(line)
		line = s.line[:s.held]
		s.held = 0
	}
	line = line[:min(len(line), len(s.line))]            // the same, however the line was cut into pieces
	if s.state == trailers && len(line) <= len("\r\n") { // the empty line that ends the chunks
		t[k] -= int64(len(line))
		t[framing] += int64(len(line))
	}
	s.act(line, x)
	return p[i+1:]
}
