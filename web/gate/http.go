package gate

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// mostHead is the longest head of a request or response that is read; what is longer is not understood.
const mostHead = 32 << 10

// A parser reads one direction of a connection as HTTP/1.1 (RFC 9112), and after an upgrade as WebSocket
// frames. It never fails: what it does not understand is other.
type parser struct {
	voice
	tap      *tap
	response bool
	state    parseState
	head     []byte    // of a message whose head is not whole
	began    time.Time // when its first byte came
	left     int64     // bytes of the body or chunk still to come
	line     []byte    // of a chunk's size
	content  content   // of the body
	stream   bool      // the body consists of entries of its own
	of       exchange  // what the present body belongs to
	title    string
	frames   frames
}

type parseState uint8

const (
	inHead parseState = iota
	inSized
	inEndless // until the connection closes
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	inFrames
	inUnknown
)

// An exchange is a request, as its response needs to know it.
type exchange struct {
	method string
	arm    string // the transport
	n      uint64 // of its entry
}

// feed takes the next bytes. Those of a head that is not whole stay in p.head.
func (p *parser) feed(b []byte, at time.Time) {
	for len(b) > 0 {
		switch p.state {
		case inHead:
			b = p.feedHead(b, at)
		case inSized, inChunk:
			n := min(int64(len(b)), p.left)
			p.body(b[:n], at)
			b = b[n:]
			if p.left -= n; p.left == 0 {
				if p.state == inChunk {
					p.state = inChunkEnd
				} else {
					p.end(at)
				}
			}
		case inEndless:
			p.body(b, at)
			b = nil
		case inChunkSize, inChunkEnd, inTrailer:
			b = p.feedLine(b, at)
		case inFrames:
			p.frames.feed(&p.voice, b, at)
			b = nil
		default:
			p.begin("unknown", at)
			p.put(other, b)
			b = nil
		}
	}
}

// feedHead gathers a head and acts on it when it is whole.
func (p *parser) feedHead(b []byte, at time.Time) []byte {
	if len(p.head) == 0 {
		p.began = at
	}
	had := len(p.head)
	p.head = append(p.head, b...)
	end := headEnd(p.head, max(0, had-2))
	if end < 0 {
		if len(p.head) > mostHead {
			p.lose(at)
		}
		return nil
	}
	rest := b[end-had:]
	whole := p.head[:end]
	p.head = nil
	if p.response {
		p.status(whole, at)
	} else {
		p.request(whole, at)
	}
	return rest
}

// lose gives up understanding the connection.
func (p *parser) lose(at time.Time) {
	p.state = inUnknown
	p.begin("unknown", at)
	p.put(other, p.head)
	p.head = nil
}

func (p *parser) request(head []byte, at time.Time) {
	line, _, _ := strings.Cut(string(head), "\n")
	parts := strings.Fields(line)
	if len(parts) != 3 || !strings.HasPrefix(parts[2], "HTTP/1.") {
		p.head = head
		p.lose(at)
		return
	}
	f := parseFields(head)
	p.of = exchange{method: parts[0], arm: armOf(parts[1])}
	p.title = readable([]byte(parts[0] + " " + parts[1][:min(len(parts[1]), 200)]))
	p.begin("request", p.began)
	p.entry.Reused = p.tap.requests > 0
	p.put(header, head)
	p.tap.requested(f.upgrade)
	p.content, p.stream = upContent(p.of.arm, f), false
	p.bodyOf(f, at, false)
}

func (p *parser) status(head []byte, at time.Time) {
	line, _, _ := strings.Cut(strings.TrimRight(string(head[:min(len(head), 200)]), "\r\n"), "\n")
	parts := strings.SplitN(strings.TrimSpace(line), " ", 3)
	status := 0
	if len(parts) >= 2 && strings.HasPrefix(parts[0], "HTTP/1.") {
		status, _ = strconv.Atoi(parts[1])
	}
	if status < 100 || status > 999 {
		p.head = head
		p.lose(at)
		return
	}
	f := parseFields(head)
	p.of = p.tap.answered(status)
	p.title = readable([]byte(strings.Join(parts[1:], " ")))
	p.begin("response", p.began)
	p.entry.Request = p.of.n
	p.entry.Reused = p.tap.requests > 1
	p.put(header, head)
	if status == 101 {
		p.finish(p.title, at)
		p.tap.upgrade(p.of.arm)
		return
	}
	p.content, p.stream = downContent(p.of, status, f)
	if status == 204 || status == 304 {
		p.record.count(func(c *Counts) { c.Empty++ })
	}
	none := p.of.method == "HEAD" || status < 200 || status == 204 || status == 304
	if p.stream && !none {
		p.finish(p.title+" · a stream begins", at)
	}
	p.bodyOf(f, at, none)
}

// bodyOf sets out on a body by the rules of RFC 9112 section 6.3.
func (p *parser) bodyOf(f fields, at time.Time, none bool) {
	switch {
	case none, !f.chunked && f.length <= 0 && !p.response, !f.chunked && f.length == 0:
		p.end(at)
	case f.chunked:
		p.state = inChunkSize
	case f.length > 0:
		p.state, p.left = inSized, f.length
	default:
		p.state = inEndless
	}
}

// body takes bytes of a body.
func (p *parser) body(b []byte, at time.Time) {
	if s, ok := p.content.(streamed); ok && p.stream {
		s.feedStream(&p.voice, b, at)
		return
	}
	p.content.feed(&p.voice, b)
}

// feedLine takes what there is of a line that frames chunks, and acts on it when it is whole.
func (p *parser) feedLine(b []byte, at time.Time) []byte {
	n := bytes.IndexByte(b, '\n') + 1
	part := b[:n]
	if n == 0 {
		part = b
	}
	p.begin("sse", at) // of a stream; otherwise the message is open
	kind := framing
	if p.state == inTrailer {
		kind = header
	}
	p.put(kind, part)
	p.line = append(p.line, part[:min(len(part), max(0, 32-len(p.line)))]...)
	if n == 0 {
		return nil
	}
	size, line := len(p.line), strings.TrimSpace(string(p.line))
	p.line = p.line[:0]
	switch p.state {
	case inChunkSize:
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 63)
		switch {
		case err != nil || size < 0:
			p.state = inUnknown
		case size == 0:
			p.state = inTrailer
		default:
			p.state, p.left = inChunk, size
		}
	case inChunkEnd:
		p.state = inChunkSize
		if s, ok := p.content.(streamed); ok && p.stream {
			s.pause(&p.voice, at)
		}
	case inTrailer:
		if line == "" { // the line that ends the chunks is no trailer
			p.move(header, framing, int64(size))
			p.end(at)
		}
	}
	return b[n:]
}

// end ends a message.
func (p *parser) end(at time.Time) {
	p.state = inHead
	if p.content != nil && p.open {
		p.content.end(&p.voice)
	}
	switch {
	case p.stream && p.open:
		p.nothing()
		p.finish("the stream ends", at)
	case p.open:
		title := p.title
		if p.entry.Messages > 0 {
			title += " · " + plural(p.entry.Messages)
		} else {
			p.nothing()
		}
		n := p.finish(title, at)
		if !p.response {
			p.tap.sent(exchange{p.of.method, p.of.arm, n})
		}
	}
	p.content, p.stream = nil, false
}
