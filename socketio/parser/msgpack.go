package parser

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tinylib/msgp/msgp"
)

// Msgpack is the wire format of socket.io-msgpack-parser: every packet, of whatever type, is one binary frame that holds a
// MessagePack map with the keys type, data, nsp and id.
type Msgpack struct{}

// Encode implements Parser.
func (Msgpack) Encode(dst []Frame, p Packet) ([]Frame, error) {
	if p.Type > ConnectError {
		return dst, fmt.Errorf("encode packet: unknown type %d", p.Type)
	}
	fields := uint32(2)
	if len(p.Data.JSON) > 0 {
		fields++
	}
	if p.HasID {
		fields++
	}
	b := msgp.AppendMapHeader(make([]byte, 0, 32+len(p.Data.JSON)), fields)
	b = msgp.AppendInt(msgp.AppendString(b, "type"), int(p.Type))
	if len(p.Data.JSON) > 0 {
		var err error
		if b, err = AppendMsgpack(msgp.AppendString(b, "data"), p.Data); err != nil {
			return dst, err
		}
	}
	nsp := p.Namespace
	if nsp == "" {
		nsp = "/"
	}
	b = msgp.AppendString(msgp.AppendString(b, "nsp"), nsp)
	if p.HasID {
		b = msgp.AppendUint64(msgp.AppendString(b, "id"), p.ID)
	}
	return append(dst, Frame{Data: b, Binary: true}), nil
}

// NewDecoder implements Parser.
func (Msgpack) NewDecoder(maxAttachments int) Decoder {
	return msgpackDecoder{max: cmpOr(maxAttachments, MaxAttachments)}
}

func cmpOr(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// A msgpackDecoder has no state: a packet is one frame. Its max bounds the bin values of one packet, which cost no frames
// of their own here, at a hundred times the limit on attachments.
type msgpackDecoder struct{ max int }

func (msgpackDecoder) Pending() bool { return false }

func (d msgpackDecoder) Decode(f Frame) (Packet, bool, error) {
	if !f.Binary {
		return Packet{}, false, fmt.Errorf("%w: text instead of msgpack", ErrMalformed)
	}
	p, err := d.parse(f.Data)
	return p, err == nil, err
}

func (d msgpackDecoder) parse(b []byte) (p Packet, err error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return p, fmt.Errorf("%w: msgpack: %w", ErrMalformed, err)
	}
	typed := false
	for range n {
		key, rest, err := msgp.ReadMapKeyZC(b)
		if err != nil {
			return p, fmt.Errorf("%w: msgpack: %w", ErrMalformed, err)
		}
		var v Value
		if v, b, err = ReadMsgpack(rest); err != nil {
			return p, err
		}
		switch string(key) {
		case "type":
			if len(v.JSON) != 1 || v.JSON[0] < '0' || v.JSON[0] > '0'+byte(ConnectError) {
				return p, fmt.Errorf("%w: unknown packet type", ErrMalformed)
			}
			p.Type, typed = Type(v.JSON[0]-'0'), true
		case "data":
			p.Data = v
		case "nsp":
			if err := v.Decode(&p.Namespace); err != nil || len(p.Namespace) == 0 || p.Namespace[0] != '/' {
				return p, fmt.Errorf("%w: invalid namespace", ErrMalformed)
			}
		case "id":
			if p.ID, err = strconv.ParseUint(string(v.JSON), 10, 53); err != nil {
				return p, fmt.Errorf("%w: invalid packet id", ErrMalformed)
			}
			p.HasID = true
		}
	}
	if !typed || p.Namespace == "" || len(b) > 0 {
		return p, fmt.Errorf("%w: packet without type or namespace, or with bytes after it", ErrMalformed)
	}
	if len(p.Data.Attachments) > 100*d.max {
		return p, fmt.Errorf("%w: %d binary values", ErrMalformed, len(p.Data.Attachments))
	}
	if p.Type != Event && p.Type != Ack && len(p.Data.Attachments) > 0 {
		return p, fmt.Errorf("%w: %v with binary data", ErrMalformed, p.Type)
	}
	if bytes.Equal(p.Data.JSON, []byte("null")) {
		p.Data = Value{} // undefined, in the form some encoders give it
	}
	if err := checkPayload(p); err != nil || len(p.Data.Attachments) == 0 {
		return p, err
	}
	return p, checkPlaceholders(p.Data.JSON, len(p.Data.Attachments))
}
