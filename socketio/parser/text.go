package parser

import (
	"bytes"
	"fmt"
	"strconv"
)

// JSON is the default wire format: <type>[<attachments>-][<namespace>,][<id>][payload], each attachment in a binary frame
// of its own after it.
type JSON struct{}

// NewDecoder implements Parser.
func (JSON) NewDecoder(maxAttachments int) Decoder {
	if maxAttachments <= 0 {
		maxAttachments = MaxAttachments
	}
	return &textDecoder{max: maxAttachments, namespace: "/"}
}

// Encode implements Parser.
func (JSON) Encode(dst []Frame, p Packet) ([]Frame, error) {
	if p.Type > ConnectError {
		return dst, fmt.Errorf("encode packet: unknown type %d", p.Type)
	}
	b := make([]byte, 0, 24+len(p.Namespace)+len(p.Data.JSON))
	n := len(p.Data.Attachments)
	switch {
	case n == 0:
		b = append(b, '0'+byte(p.Type))
	case p.Type == Event, p.Type == Ack:
		b = append(b, '0'+byte(p.Type)+byte(binaryEvent-Event))
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, '-')
	default:
		return dst, fmt.Errorf("encode packet: %v cannot carry binary data", p.Type)
	}
	if p.Namespace != "" && p.Namespace != "/" {
		b = append(append(b, p.Namespace...), ',')
	}
	if p.HasID {
		b = strconv.AppendUint(b, p.ID, 10)
	}
	b = append(b, p.Data.JSON...)
	dst = append(dst, Frame{Data: b})
	for _, a := range p.Data.Attachments {
		dst = append(dst, Frame{Data: a, Binary: true})
	}
	return dst, nil
}

type textDecoder struct {
	max       int
	namespace string // the last one seen: a connection repeats few names
	packet    Packet
	missing   int // attachments of packet still to come
}

func (d *textDecoder) Pending() bool { return d.missing > 0 }

func (d *textDecoder) Decode(f Frame) (Packet, bool, error) {
	if f.Binary {
		return d.attach(f.Data)
	}
	if d.missing > 0 {
		return Packet{}, false, fmt.Errorf("%w: text while %d attachments are missing", ErrMalformed, d.missing)
	}
	p, attachments, err := d.parse(f.Data)
	if err != nil {
		return Packet{}, false, err
	}
	if attachments == 0 {
		return p, true, nil
	}
	d.packet, d.missing = p, attachments
	return Packet{}, false, nil
}

func (d *textDecoder) attach(data []byte) (Packet, bool, error) {
	if d.missing == 0 {
		return Packet{}, false, fmt.Errorf("%w: binary data without a packet that announced it", ErrMalformed)
	}
	d.packet.Data.Attachments = append(d.packet.Data.Attachments, data)
	d.missing--
	if d.missing > 0 {
		return Packet{}, false, nil
	}
	p := d.packet
	d.packet = Packet{}
	return p, true, nil
}

// parse reads a text frame and returns how many attachments follow it.
func (d *textDecoder) parse(b []byte) (p Packet, attachments int, err error) {
	if len(b) == 0 {
		return p, 0, fmt.Errorf("%w: empty", ErrMalformed)
	}
	if b[0] < '0' || b[0] > '0'+byte(binaryAck) {
		return p, 0, fmt.Errorf("%w: unknown packet type %q", ErrMalformed, b[0])
	}
	p.Type = Type(b[0] - '0')
	b = b[1:]
	if p.Type >= binaryEvent {
		p.Type -= binaryEvent - Event
		if attachments, b, err = d.attachments(b); err != nil {
			return p, 0, err
		}
	}
	p.Namespace = "/"
	if len(b) > 0 && b[0] == '/' {
		end := bytes.IndexByte(b, ',')
		name := b
		if end >= 0 {
			name, b = b[:end], b[end+1:]
		} else {
			b = nil
		}
		if string(name) != d.namespace {
			d.namespace = string(name)
		}
		p.Namespace = d.namespace
	}
	if end, ok := skipDigits(b, 0); ok {
		if end > 16 { // more than a JavaScript number holds exactly
			return p, 0, fmt.Errorf("%w: acknowledgement id of %d digits", ErrMalformed, end)
		}
		for _, c := range b[:end] {
			p.ID = p.ID*10 + uint64(c-'0')
		}
		p.HasID, b = true, b[end:]
	}
	p.Data.JSON = b[:len(b):len(b)]
	if err := checkPayload(p); err != nil {
		return p, 0, err
	}
	if attachments > 0 {
		err = checkPlaceholders(p.Data.JSON, attachments)
	}
	return p, attachments, err
}

// attachments reads the count and the hyphen after it. A count of 0 would leave the decoder waiting for ever, without a
// bound on what it gathers (CVE-2026-69185).
func (d *textDecoder) attachments(b []byte) (int, []byte, error) {
	n, end, ok := smallNumber(b, 0)
	if !ok || end >= len(b) || b[end] != '-' || b[0] == '0' {
		return 0, nil, fmt.Errorf("%w: illegal number of attachments", ErrMalformed)
	}
	if n > d.max {
		return 0, nil, fmt.Errorf("%w: %d attachments, at most %d are allowed", ErrMalformed, n, d.max)
	}
	return n, b[end+1:], nil
}

// checkPayload applies the rules that tie the payload and the id to the type.
func checkPayload(p Packet) error {
	b := p.Data.JSON
	if p.HasID && p.Type != Event && p.Type != Ack {
		return fmt.Errorf("%w: %v with an acknowledgement id", ErrMalformed, p.Type)
	}
	switch p.Type {
	case Connect:
		if len(b) == 0 {
			return nil
		}
		if b[0] != '{' {
			return fmt.Errorf("%w: CONNECT payload is no object", ErrMalformed)
		}
	case Disconnect:
		if len(b) != 0 {
			return fmt.Errorf("%w: DISCONNECT with a payload", ErrMalformed)
		}
		return nil
	case ConnectError:
		if len(b) == 0 || b[0] != '{' && b[0] != '"' {
			return fmt.Errorf("%w: CONNECT_ERROR payload is neither object nor string", ErrMalformed)
		}
	case Ack:
		if !p.HasID {
			return fmt.Errorf("%w: ACK without an id", ErrMalformed)
		}
		fallthrough
	case Event:
		if len(b) == 0 || b[0] != '[' {
			return fmt.Errorf("%w: %v payload is no array", ErrMalformed, p.Type)
		}
	}
	if err := checkWhole(b); err != nil {
		return err
	}
	if p.Type == Event {
		return checkEventName(b)
	}
	return nil
}

// checkEventName checks the first element of a valid array.
func checkEventName(b []byte) error {
	start := skipSpace(b, 1)
	if b[start] == ']' {
		return fmt.Errorf("%w: event without a name", ErrMalformed)
	}
	end, err := skipValue(b, start)
	if err != nil {
		return err
	}
	name := b[start:end]
	if isPlainString(name) { // the usual case, without an allocation
		if Reserved(string(name[1 : len(name)-1])) {
			return fmt.Errorf("%w: reserved event name", ErrMalformed)
		}
		return nil
	}
	text, err := eventName(name)
	if err == nil && Reserved(text) {
		err = fmt.Errorf("%w: reserved event name", ErrMalformed)
	}
	return err
}
