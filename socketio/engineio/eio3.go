package engineio

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

const oldVersion = "3"

// A dialect is how a client of protocol version 3 wants its packets on one transport. Clients of version 4 have none.
//
// In version 3 the client sends the pings; a payload is a list of packets with their lengths, as text or as binary; binary
// packets have a type in front; and old browsers get their polls as scripts (JSONP).
type dialect struct {
	base64 bool   // no binary frames or payloads
	jsonp  string // "" or the number of the callback
}

// dialect returns nil for version 4.
func (q query) dialect() *dialect {
	if q.version != oldVersion {
		return nil
	}
	d := &dialect{base64: q.base64 != ""}
	if q.jsonp != "" {
		d.base64 = true
		d.jsonp = strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, q.jsonp)
		if d.jsonp == "" || len(d.jsonp) > 10 {
			d.jsonp = "0"
		}
	}
	return d
}

// frame returns a binary message as a WebSocket frame.
func (d *dialect) frame(m *Message) []byte {
	data := m.frame[m.body:]
	if d.base64 {
		return buildFrame(frameText, []byte{'b', '0' + byte(MessagePacket)}, base64.StdEncoding.AppendEncode(nil, data))
	}
	return buildFrame(frameBinary, []byte{byte(MessagePacket)}, data)
}

// decodeFrame reads a packet from a WebSocket frame, of which text is known to be UTF-8.
func (d *dialect) decodeFrame(data []byte, isBinary bool) (Packet, error) {
	if isBinary {
		return decodeTyped(data)
	}
	return decodeOld(data)
}

// decodeTyped reads binary data with the type as a number in front.
func decodeTyped(data []byte) (Packet, error) {
	if len(data) == 0 || PacketType(data[0]) != MessagePacket {
		return Packet{}, fmt.Errorf("%w: binary packet is no message", ErrMalformed)
	}
	return Packet{Type: MessagePacket, Binary: true, Data: data[1:]}, nil
}

// decodeOld reads the text form of a packet: as in version 4, but base64 has the type in front.
func decodeOld(text []byte) (Packet, error) {
	if len(text) == 0 || text[0] != 'b' {
		return decodeFrame(text, false)
	}
	if len(text) < 2 || text[1] != '0'+byte(MessagePacket) {
		return Packet{}, fmt.Errorf("%w: binary packet is no message", ErrMalformed)
	}
	return DecodePacket(append([]byte{'b'}, text[2:]...))
}

// A payload in binary form is a list of: 0 for text or 1 for binary, the decimal digits of the length as numbers, 255, the
// packet.
const endOfLength = 0xff

// appendPayload appends messages as a payload, in binary form if there is something binary and the client can read it.
func (d *dialect) appendPayload(dst []byte, messages []*Message) []byte {
	isBinary := false
	for _, m := range messages {
		isBinary = isBinary || m.binary && !d.base64
	}
	for _, m := range messages {
		content := m.frame[m.body:]
		switch {
		case isBinary && m.binary:
			dst = append(appendDigits(append(dst, 1), len(content)+1), endOfLength, byte(MessagePacket))
		case isBinary:
			dst = append(appendDigits(append(dst, 0), len(content)), endOfLength)
		case m.binary:
			dst = strconv.AppendInt(dst, int64(2+base64.StdEncoding.EncodedLen(len(content))), 10)
			dst = base64.StdEncoding.AppendEncode(append(dst, ':', 'b', '0'+byte(MessagePacket)), content)
			continue
		default:
			dst = append(strconv.AppendInt(dst, int64(units(content)), 10), ':')
		}
		dst = append(dst, content...)
	}
	return dst
}

func appendDigits(dst []byte, n int) []byte {
	at := len(dst)
	dst = strconv.AppendInt(dst, int64(n), 10)
	for i := at; i < len(dst); i++ {
		dst[i] -= '0'
	}
	return dst
}

// units returns the length of UTF-8 text as JavaScript counts it, in units of UTF-16.
func units(text []byte) int {
	n := utf8.RuneCount(text)
	for _, b := range text {
		if b >= 0xf0 { // first of the four bytes of a character that takes two units
			n++
		}
	}
	return n
}

// isBinaryPayload tells the forms of a payload apart: text begins with a digit or a letter.
func isBinaryPayload(payload []byte) bool { return len(payload) > 0 && payload[0] <= 1 }

// decodeText yields the packets of a payload in text form, and stops after the first error.
func (d *dialect) decodeText(payload []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		if len(payload) == 0 || !utf8.Valid(payload) {
			yield(Packet{}, fmt.Errorf("%w: payload is empty or not UTF-8", ErrMalformed))
			return
		}
		for rest := payload; len(rest) > 0; {
			one, after, err := cutUnits(rest)
			rest = after
			var p Packet
			if err == nil {
				p, err = decodeOld(one)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// cutUnits cuts the first packet off a payload: its length in units of UTF-16, a colon, and the packet.
func cutUnits(payload []byte) (one, rest []byte, err error) {
	digits, _, found := bytes.Cut(payload[:min(len(payload), 12)], []byte{':'})
	n, convErr := strconv.ParseUint(string(digits), 10, 32)
	if !found || convErr != nil {
		return nil, nil, fmt.Errorf("%w: length of a packet", ErrMalformed)
	}
	rest = payload[len(digits)+1:]
	end := 0
	for left := int(n); left > 0; {
		if end >= len(rest) {
			return nil, nil, fmt.Errorf("%w: packet is shorter than its length", ErrMalformed)
		}
		r, size := utf8.DecodeRune(rest[end:])
		end += size
		if left--; r >= 0x10000 {
			left--
		}
		if left < 0 {
			return nil, nil, fmt.Errorf("%w: length of a packet is inside of a character", ErrMalformed)
		}
	}
	return rest[:end], rest[end:], nil
}

// decodeBinary yields the packets of a payload in binary form, and stops after the first error.
func (d *dialect) decodeBinary(payload []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for rest, first := payload, true; len(rest) > 0 || first; first = false {
			p, after, err := cutBinary(rest)
			rest = after
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func cutBinary(payload []byte) (p Packet, rest []byte, err error) {
	if !isBinaryPayload(payload) {
		return p, nil, fmt.Errorf("%w: packet is neither text nor binary", ErrMalformed)
	}
	n, at := 0, 1
	for ; at < len(payload) && payload[at] <= 9 && at <= 9; at++ {
		n = n*10 + int(payload[at])
	}
	if at == 1 || at >= len(payload) || payload[at] != endOfLength || n > len(payload)-at-1 {
		return p, nil, fmt.Errorf("%w: length of a packet", ErrMalformed)
	}
	one, rest := payload[at+1:at+1+n], payload[at+1+n:]
	if payload[0] == 1 {
		p, err = decodeTyped(one)
		return p, rest, err
	}
	if !utf8.Valid(one) {
		return p, nil, fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
	}
	p, err = decodeOld(one)
	return p, rest, err
}

// script wraps a payload into a call of the client's callback. What JSON escapes makes it valid JavaScript too.
func (d *dialect) script(payload []byte) []byte {
	text, err := json.Marshal(string(payload))
	if err != nil { // a string
		panic(err)
	}
	return fmt.Appendf(nil, "___eio[%s](%s);", d.jsonp, text)
}

// formLines undoes what the client does to keep browsers from changing line ends in a form.
var formLines = strings.NewReplacer(`\\n`, `\n`, `\n`, "\n")

// unform takes the payload out of the form that JSONP clients post.
func unform(body []byte) ([]byte, error) {
	for pair := range strings.SplitSeq(string(body), "&") {
		if value, ok := strings.CutPrefix(pair, "d="); ok {
			text, err := url.QueryUnescape(value)
			if err != nil {
				return nil, fmt.Errorf("%w: form: %w", ErrMalformed, err)
			}
			return []byte(formLines.Replace(text)), nil
		}
	}
	return nil, fmt.Errorf("%w: form without a payload", ErrMalformed)
}

// decodePosted yields the packets of a POST body. A client of version 4 has no dialect.
func (d *dialect) decodePosted(body []byte, isBinary bool) iter.Seq2[Packet, error] {
	switch {
	case d == nil:
		return DecodePayload(body)
	case isBinary:
		return d.decodeBinary(body)
	case d.jsonp != "":
		payload, err := unform(body)
		if err != nil {
			return func(yield func(Packet, error) bool) { yield(Packet{}, err) }
		}
		return d.decodeText(payload)
	}
	return d.decodeText(body)
}
