package parser

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// ReadMsgpack reads one MessagePack value from the front of b and returns what follows it. bin values become attachments;
// they share b's memory. Extension 0, which JavaScript encoders use for undefined, becomes null, and a timestamp the text
// that JSON gives a Date. Every width of every type is accepted.
func ReadMsgpack(b []byte) (v Value, rest []byte, err error) {
	var e encoder
	rest, err = e.msgpack(b, 0)
	if err != nil {
		return Value{}, b, fmt.Errorf("%w: msgpack: %w", ErrMalformed, err)
	}
	return Value{JSON: e.out, Attachments: e.attachments}, rest, nil
}

// msgpack appends the JSON of the value at the front of b.
func (e *encoder) msgpack(b []byte, depth int) (rest []byte, err error) {
	if depth > maxMsgpackDepth {
		return b, errTooDeep
	}
	switch msgp.NextType(b) {
	case msgp.MapType:
		return e.msgpackMap(b, depth)
	case msgp.ArrayType:
		n, b, err := msgp.ReadArrayHeaderBytes(b)
		if err != nil {
			return b, err
		}
		e.out = append(e.out, '[')
		for i := range n {
			if i > 0 {
				e.out = append(e.out, ',')
			}
			if b, err = e.msgpack(b, depth+1); err != nil {
				return b, err
			}
		}
		e.out = append(e.out, ']')
		return b, nil
	case msgp.StrType:
		s, b, err := msgp.ReadStringZC(b)
		if err != nil {
			return b, err
		}
		return b, e.text(string(s))
	case msgp.BinType:
		data, b, err := msgp.ReadBytesZC(b)
		if err != nil {
			return b, err
		}
		e.binary(data[:len(data):len(data)])
		return b, nil
	case msgp.NilType:
		e.out = append(e.out, "null"...)
		return msgp.ReadNilBytes(b)
	case msgp.BoolType:
		ok, b, err := msgp.ReadBoolBytes(b)
		e.out = strconv.AppendBool(e.out, ok)
		return b, err
	case msgp.IntType:
		i, b, err := msgp.ReadInt64Bytes(b)
		e.out = strconv.AppendInt(e.out, i, 10)
		return b, err
	case msgp.UintType:
		u, b, err := msgp.ReadUint64Bytes(b)
		e.out = strconv.AppendUint(e.out, u, 10)
		return b, err
	case msgp.Float32Type:
		f, b, err := msgp.ReadFloat32Bytes(b)
		if err == nil {
			err = e.float(float64(f))
		}
		return b, err
	case msgp.Float64Type:
		f, b, err := msgp.ReadFloat64Bytes(b)
		if err == nil {
			err = e.float(f)
		}
		return b, err
	}
	return e.extension(b)
}

func (e *encoder) msgpackMap(b []byte, depth int) ([]byte, error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return b, err
	}
	e.out = append(e.out, '{')
	for i := range n {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		var key []byte
		if msgp.NextType(b) == msgp.IntType || msgp.NextType(b) == msgp.UintType {
			var num json.Number // JavaScript objects have only names: 1 becomes "1"
			if num, b, err = msgp.ReadJSONNumberBytes(b); err == nil {
				key = []byte(num)
			}
		} else {
			key, b, err = msgp.ReadMapKeyZC(b)
		}
		if err != nil {
			return b, err
		}
		if err = e.text(string(key)); err != nil {
			return b, err
		}
		e.out = append(e.out, ':')
		if b, err = e.msgpack(b, depth+1); err != nil {
			return b, err
		}
	}
	e.out = append(e.out, '}')
	return b, nil
}

// float appends a number; what JSON cannot hold becomes null, as JSON.stringify does.
func (e *encoder) float(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.out = append(e.out, "null"...)
		return nil
	}
	return e.plain(f + 0) // -0 becomes 0, as in JavaScript
}

// extension reads an extension value: its header is a type code and a length of its own.
func (e *encoder) extension(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return b, msgp.ErrShortBytes
	}
	var size, head int
	switch b[0] {
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		size, head = 1<<(b[0]-0xd4), 2
	case 0xc7:
		head = 3
	case 0xc8:
		head = 4
	case 0xc9:
		head = 6
	default:
		return b, fmt.Errorf("byte %#x begins no value", b[0])
	}
	if len(b) < head {
		return b, msgp.ErrShortBytes
	}
	switch head {
	case 3:
		size = int(b[1])
	case 4:
		size = int(binary.BigEndian.Uint16(b[1:]))
	case 6:
		size = int(min(binary.BigEndian.Uint32(b[1:]), math.MaxInt32))
	}
	if len(b)-head < size {
		return b, msgp.ErrShortBytes
	}
	code, data, rest := int8(b[head-1]), b[head:head+size], b[head+size:]
	switch {
	case code == 0:
		e.out = append(e.out, "null"...)
		return rest, nil
	case code == -1:
		return rest, e.timestamp(data)
	}
	return b, fmt.Errorf("extension %d is unknown", code)
}

// timestamp appends a timestamp extension in the form of Date.prototype.toISOString.
func (e *encoder) timestamp(data []byte) error {
	var sec, nsec int64
	switch len(data) {
	case 4:
		sec = int64(binary.BigEndian.Uint32(data))
	case 8:
		both := binary.BigEndian.Uint64(data)
		sec, nsec = int64(both&(1<<34-1)), int64(both>>34)
	case 12:
		nsec, sec = int64(binary.BigEndian.Uint32(data)), int64(binary.BigEndian.Uint64(data[4:]))
	default:
		return fmt.Errorf("timestamp of %d bytes", len(data))
	}
	t := time.Unix(sec, nsec).UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return fmt.Errorf("timestamp in the year %d", t.Year())
	}
	return e.text(t.Format("2006-01-02T15:04:05.000Z"))
}
