package wire

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"transportlab/transports"
)

// A scanner reads the one JSON shape that batches have, and refuses everything else. It is strict
// where a lenient reader would let two ends see different data: no duplicate keys, no lone
// surrogates, no trailing bytes, no byte order mark.
type scanner struct{ rest []byte }

func (s *scanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\t' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if len(s.rest) == 0 {
		return 0
	}
	return s.rest[0]
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) open() bool  { return s.take('[') }
func (s *scanner) comma() bool { return s.take(',') }

// close requires the end of the array and of the input.
func (s *scanner) close() error {
	if !s.take(']') || s.peek() != 0 || len(s.rest) > 0 {
		return transports.ErrMalformed
	}
	return nil
}

func (s *scanner) number() (uint64, bool) {
	s.space()
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	v, err := strconv.ParseUint(string(s.rest[:n]), 10, 64)
	if err != nil || n > 1 && s.rest[0] == '0' {
		return 0, false
	}
	s.rest = s.rest[n:]
	return v, true
}

// message reads an ID, a comma and its data. An empty ID stands for one that the server chooses.
func (s *scanner) message() (transports.Message, error) {
	id, err := s.text()
	if err != nil {
		return transports.Message{}, err
	}
	if len(id) > 0 {
		if err := transports.CheckID(string(id)); err != nil {
			return transports.Message{}, err
		}
	}
	if !s.comma() {
		return transports.Message{}, transports.ErrMalformed
	}
	m := transports.Message{ID: string(id)}
	if s.peek() != '{' {
		m.Data, err = s.text()
		return m, err
	}
	m.Binary = true
	s.take('{')
	if key, err := s.text(); err != nil || string(key) != "b64" || !s.take(':') {
		return m, transports.ErrMalformed
	}
	coded, err := s.text()
	if err != nil || !s.take('}') {
		return m, transports.ErrMalformed
	}
	if m.Data, err = base64.StdEncoding.Strict().AppendDecode(nil, coded); err != nil {
		return m, transports.ErrMalformed
	}
	return m, nil
}

// text reads a JSON string. The result shares the input's memory where nothing was escaped.
func (s *scanner) text() ([]byte, error) {
	if !s.take('"') {
		return nil, transports.ErrMalformed
	}
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 {
		return nil, transports.ErrMalformed
	}
	if raw := s.rest[:end]; bytes.IndexByte(raw, '\\') < 0 {
		s.rest = s.rest[end+1:]
		return raw, checkRaw(raw)
	}
	return s.escaped()
}

// escaped is text for a string that contains a backslash.
func (s *scanner) escaped() ([]byte, error) {
	var out []byte
	for {
		i := bytes.IndexAny(s.rest, `"\`)
		if i < 0 {
			return nil, transports.ErrMalformed
		}
		if err := checkRaw(s.rest[:i]); err != nil {
			return nil, err
		}
		out = append(out, s.rest[:i]...)
		c := s.rest[i]
		s.rest = s.rest[i+1:]
		if c == '"' {
			return out, nil
		}
		var err error
		if out, err = s.escape(out); err != nil {
			return nil, err
		}
	}
}

// escape reads what follows a backslash.
func (s *scanner) escape(out []byte) ([]byte, error) {
	if len(s.rest) == 0 {
		return nil, transports.ErrMalformed
	}
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch c {
	case '"', '\\', '/':
		return append(out, c), nil
	case 'b':
		return append(out, '\b'), nil
	case 'f':
		return append(out, '\f'), nil
	case 'n':
		return append(out, '\n'), nil
	case 'r':
		return append(out, '\r'), nil
	case 't':
		return append(out, '\t'), nil
	case 'u':
		r, ok := s.hex4()
		if ok && utf16.IsSurrogate(r) {
			if !bytes.HasPrefix(s.rest, []byte(`\u`)) {
				return nil, transports.ErrUTF8
			}
			s.rest = s.rest[2:]
			var low rune
			low, ok = s.hex4()
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, transports.ErrUTF8
			}
		}
		if ok {
			return utf8.AppendRune(out, r), nil
		}
	}
	return nil, transports.ErrMalformed
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.rest) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.rest[:4]), 16, 16)
	s.rest = s.rest[4:]
	return rune(v), err == nil
}

// checkRaw refuses what a JSON string may not hold unescaped.
func checkRaw(p []byte) error {
	for _, c := range p {
		if c < ' ' {
			return transports.ErrMalformed
		}
	}
	if !utf8.Valid(p) {
		return transports.ErrUTF8
	}
	return nil
}
