package parser

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/tinylib/msgp/msgp"
)

// maxMsgpackDepth bounds the recursion of both directions.
const maxMsgpackDepth = 512

// AppendMsgpack appends v as MessagePack: attachments become bin values in the place of their placeholders, integers take
// their shortest form, and an absent value is nil.
func AppendMsgpack(dst []byte, v Value) ([]byte, error) {
	if len(v.JSON) == 0 {
		return msgp.AppendNil(dst), nil
	}
	t := transcoder{in: v.JSON, attachments: v.Attachments, out: dst}
	if err := checkWhole(v.JSON); err != nil {
		return dst, err
	}
	err := t.value(0)
	return t.out, err
}

// A transcoder walks valid JSON and appends MessagePack.
type transcoder struct {
	in          []byte
	at          int
	attachments [][]byte
	out         []byte
}

func (t *transcoder) value(depth int) error {
	if depth > maxMsgpackDepth {
		return fmt.Errorf("%w: nested deeper than %d", ErrMalformed, maxMsgpackDepth)
	}
	t.at = skipSpace(t.in, t.at)
	switch t.in[t.at] {
	case '{':
		if len(t.attachments) > 0 {
			num, end, found, err := matchPlaceholder(t.in, t.at)
			if err != nil {
				return err
			}
			if found {
				if num >= len(t.attachments) {
					return fmt.Errorf("%w: placeholder %d of %d attachments", ErrMalformed, num, len(t.attachments))
				}
				t.at = end
				t.out = msgp.AppendBytes(t.out, t.attachments[num])
				return nil
			}
		}
		return t.container(depth, true)
	case '[':
		return t.container(depth, false)
	case '"':
		return t.text()
	case 't':
		t.at += len("true")
		t.out = msgp.AppendBool(t.out, true)
	case 'f':
		t.at += len("false")
		t.out = msgp.AppendBool(t.out, false)
	case 'n':
		t.at += len("null")
		t.out = msgp.AppendNil(t.out)
	default:
		return t.number()
	}
	return nil
}

// container appends an array or a map. Its header depends on the number of members, known only at the end, so the shortest
// is assumed and a longer one is inserted.
func (t *transcoder) container(depth int, object bool) error {
	header := len(t.out)
	t.out = append(t.out, 0)
	t.at = skipSpace(t.in, t.at+1)
	n := uint32(0)
	for t.in[t.at] != ']' && t.in[t.at] != '}' {
		if t.in[t.at] == ',' {
			t.at = skipSpace(t.in, t.at+1)
		}
		if object {
			if err := t.text(); err != nil {
				return err
			}
			t.at = skipSpace(t.in, t.at) + 1 // the colon
		}
		if err := t.value(depth + 1); err != nil {
			return err
		}
		t.at = skipSpace(t.in, t.at)
		n++
	}
	t.at++
	var room [5]byte
	head := msgp.AppendArrayHeader(room[:0], n)
	if object {
		head = msgp.AppendMapHeader(room[:0], n)
	}
	t.out = slices.Replace(t.out, header, header+1, head...)
	return nil
}

func (t *transcoder) text() error {
	end, err := skipString(t.in, t.at)
	if err != nil {
		return err
	}
	raw := t.in[t.at:end]
	t.at = end
	if isPlainString(raw) {
		t.out = msgp.AppendStringFromBytes(t.out, raw[1:len(raw)-1])
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	t.out = msgp.AppendString(t.out, s)
	return nil
}

func (t *transcoder) number() error {
	end, err := skipNumber(t.in, t.at)
	if err != nil {
		return err
	}
	text := string(t.in[t.at:end])
	t.at = end
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		t.integer(i)
		return nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		t.out = msgp.AppendUint64(t.out, u)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && math.IsInf(f, 0) {
		return fmt.Errorf("%w: number %.20s is out of range", ErrMalformed, text)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		t.integer(int64(f))
		return nil
	}
	t.out = msgp.AppendFloat64(t.out, f)
	return nil
}

// integer appends the shortest form, which is an unsigned one from 0 up, as JavaScript encoders do.
func (t *transcoder) integer(i int64) {
	if i >= 0 {
		t.out = msgp.AppendUint64(t.out, uint64(i))
		return
	}
	t.out = msgp.AppendInt64(t.out, i)
}
