package gate

import "bytes"

// A content tells the bytes of one body, event, frame or packet apart.
type content interface {
	feed(s sink, p []byte)
	end(s sink) // nothing more comes
}

// An unknown content carries no message.
type unknown struct{}

func (unknown) feed(s sink, p []byte) { s.put(other, p) }

func (unknown) end(sink) {}

// A text is a batch of messages in the lab's text form, a flat JSON array: going down the epoch where it is
// stated and the first offset, then an ID and data for each message. Data is the payload, by its length
// when decoded; all else is the envelope. What begins with a brace is a control, and no batch.
type text struct {
	up    bool
	state textState
	back  textState // behind an escape
	index int       // of the element that comes next: down, the ID's are even from 2 on
	depth int       // of braces
	value bool      // in braces: a colon has been
	hex   int       // digits of an escape still to come
	unit  int       // their value
	size  int64     // base64 digits
	pad   int64     // of these
}

type textState uint8

const (
	textStart   textState = iota
	textBetween           // elements
	textNumber
	textName // a string of the envelope: epoch, ID, or a member's name
	textData
	textBase64
	textEscape
	textHex
	textAfter
	textControl
)

// isData tells whether the element that begins here is a message's data.
func (x *text) isData() bool { return x.index%2 == 1 && (x.up || x.index > 2) }

func (x *text) feed(s sink, p []byte) {
	if rest := x.take(s, p); len(rest) > 0 {
		s.put(envelope, rest)
	}
}

// take is feed up to the array's closing bracket. It returns what comes behind that.
func (x *text) take(s sink, p []byte) (rest []byte) {
	for len(p) > 0 {
		switch x.state {
		case textData:
			n := bytes.IndexAny(p, `"\`)
			if n < 0 {
				s.put(payload, p)
				return nil
			}
			s.put(payload, p[:n])
			p = p[n:]
			if p[0] == '\\' {
				s.put(payload, p[:1])
				x.state, x.back = textEscape, textData
			} else {
				s.put(envelope, p[:1])
				x.element(s)
			}
			p = p[1:]
		case textControl:
			s.put(other, p)
			return nil
		case textAfter:
			return p
		default:
			p = x.step(s, p)
		}
	}
	return nil
}

func (*text) end(sink) {}

// element ends one.
func (x *text) element(s sink) {
	if x.isData() {
		s.message()
	}
	x.index++
	x.state = textBetween
}

// step takes one byte.
func (x *text) step(s sink, p []byte) []byte {
	c := p[0]
	kind := envelope
	switch x.state {
	case textStart:
		switch c {
		case '[':
			x.state = textBetween
		case '{':
			x.state, kind = textControl, other
		}
	case textBetween:
		x.between(c, s)
	case textNumber:
		if c == ',' || c == ']' {
			x.index = 2 // it is the offset, whether or not the epoch was stated
			x.state = textBetween
			x.between(c, s)
		}
	case textName:
		switch c {
		case '\\':
			x.state, x.back = textEscape, textName
		case '"':
			x.state = textBetween
			if x.depth == 0 {
				x.index++
			}
		}
	case textBase64:
		switch c {
		case '"':
			s.move(payload, envelope, x.size-x.decoded())
			x.state = textBetween
		case '=':
			x.pad++
			fallthrough
		default:
			x.size++
			kind = payload
		}
	case textEscape, textHex:
		kind = x.escape(c, s)
	}
	s.put(kind, p[:1])
	return p[1:]
}

// decoded is how many bytes the base64 digits stand for.
func (x *text) decoded() int64 { return (x.size - x.pad) * 3 / 4 }

// between takes a byte that is in no string and no number.
func (x *text) between(c byte, s sink) {
	switch {
	case c == '{':
		x.depth++
		x.value = false
	case c == ':':
		x.value = true
	case c == '}':
		if x.depth--; x.depth == 0 {
			x.element(s)
		}
	case c == ']':
		x.state = textAfter
	case c == '"' && x.depth > 0 && x.value:
		x.state, x.size, x.pad = textBase64, 0, 0
	case c == '"' && x.depth == 0 && x.isData():
		x.state = textData
	case c == '"':
		x.state = textName
	case c >= '0' && c <= '9':
		x.state = textNumber
	}
}

// escape takes a byte behind a backslash. What it stands for is shorter than how it is written.
func (x *text) escape(c byte, s sink) class {
	in := envelope
	if x.back == textData {
		in = payload
	}
	shorten := func(n int64) {
		if in == payload {
			s.move(payload, envelope, n)
		}
	}
	if x.state == textEscape {
		if c == 'u' {
			x.state, x.hex, x.unit = textHex, 4, 0
			return in
		}
		x.state = x.back
		shorten(1)
		return in
	}
	x.unit = x.unit<<4 | digit(c)
	if x.hex--; x.hex > 0 {
		return in
	}
	x.state = x.back
	switch {
	case x.unit < 0x80:
		shorten(5)
	case x.unit < 0x800, x.unit >= 0xd800 && x.unit < 0xe000: // a surrogate is half of four bytes
		shorten(4)
	default:
		shorten(3)
	}
	return in
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 0
}
