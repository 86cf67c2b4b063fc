package carrier

import (
	"bytes"
	"strconv"
)

// act moves on after a line of HTTP/1.1 (RFC 9112), of which only the first 40 bytes are there.
func (s *parser) act(line []byte, x *turns) {
	line = bytes.TrimRight(line, "\r\n")
	switch s.state {
	case firstLine:
		if len(line) == 0 {
			return // an empty line before a request is ignored: RFC 9112, section 2.2
		}
		s.chunked, s.sized, s.head, s.left, s.status = false, false, false, 0, 0
		s.state = headers
		if !s.response {
			s.head = bytes.HasPrefix(line, []byte("HEAD "))
		} else if len(line) >= 12 {
			status, _ := strconv.ParseInt(string(line[9:12]), 10, 16)
			s.status = int16(status)
		}
	case headers:
		if len(line) > 0 {
			s.field(line)
		} else if s.response {
			s.endOfResponseHeaders(x)
		} else {
			x.push(s.head)
			s.begin(firstLine)
		}
	case chunkSize:
		digits, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
		switch s.left = n; {
		case err != nil || n < 0:
			s.state = opaque
		case n == 0:
			s.state = trailers
		default:
			s.state = chunkData
		}
	case chunkEnd:
		s.state = chunkSize
	case trailers:
		if len(line) == 0 {
			s.state = firstLine
		}
	}
}

// field notes the headers that say how long the body is.
func (s *parser) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch value = bytes.TrimSpace(value); {
	case bytes.EqualFold(name, []byte("Content-Length")):
		n, err := strconv.ParseInt(string(value), 10, 64)
		s.sized, s.left = err == nil && n >= 0, max(n, 0)
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		const last = "chunked" // the final coding says how the body ends
		s.chunked = len(value) >= len(last) && bytes.EqualFold(value[len(value)-len(last):], []byte(last))
	}
}

// begin goes to the body that the headers announced, or to otherwise without one.
func (s *parser) begin(otherwise state) {
	switch {
	case s.chunked:
		s.state = chunkSize
	case s.sized && s.left > 0:
		s.state = sizedBody
	case s.sized:
		s.state = firstLine
	default:
		s.state = otherwise
	}
}

// endOfResponseHeaders finds out whether a body follows (RFC 9112, section 6.3).
func (s *parser) endOfResponseHeaders(x *turns) {
	switch {
	case s.status == 101:
		x.upgraded.Store(true)
		s.state = opaque
	case s.status >= 100 && s.status < 200:
		s.state = firstLine // the final response is still to come
	case x.pop(), s.status == 204, s.status == 304:
		s.state = firstLine
	default:
		s.begin(endlessBody)
	}
}
