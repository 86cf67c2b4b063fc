package parser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Marshal encodes args as one array. Every []byte in them, also inside structs, maps and slices, becomes an attachment;
// everything else follows encoding/json, without its escaping of HTML. A Value goes in as it is.
func Marshal(args ...any) (Value, error) {
	e := encoder{out: make([]byte, 0, 64)}
	e.out = append(e.out, '[')
	for i, a := range args {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.value(a); err != nil {
			return Value{}, fmt.Errorf("encode argument %d: %w", i, err)
		}
	}
	e.out = append(e.out, ']')
	return Value{JSON: e.out, Attachments: e.attachments}, nil
}

// MarshalOne encodes one value as Marshal does, without the array around it.
func MarshalOne(v any) (Value, error) {
	var e encoder
	err := e.value(v)
	return Value{JSON: e.out, Attachments: e.attachments}, err
}

// An encoder appends JSON and gathers attachments.
type encoder struct {
	out         []byte
	attachments [][]byte
	depth       int
}

// Write makes the encoder the destination of a json.Encoder.
func (e *encoder) Write(p []byte) (int, error) {
	e.out = append(e.out, p...)
	return len(p), nil
}

func (e *encoder) value(v any) error {
	switch v := v.(type) {
	case nil:
		e.out = append(e.out, "null"...)
	case string:
		return e.text(v)
	case bool:
		e.out = strconv.AppendBool(e.out, v)
	case int:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case int64:
		e.out = strconv.AppendInt(e.out, v, 10)
	case []byte:
		e.binary(v)
	case json.RawMessage:
		if v == nil {
			e.out = append(e.out, "null"...)
			return nil
		}
		if err := checkWhole(v); err != nil {
			return err
		}
		e.out = append(e.out, v...)
	case Value:
		sum := Value{JSON: e.out, Attachments: e.attachments}.append(v)
		e.out, e.attachments = sum.JSON, sum.Attachments
	default:
		return e.reflected(v)
	}
	return nil
}

func (e *encoder) binary(b []byte) {
	if b == nil {
		e.out = append(e.out, "null"...)
		return
	}
	e.out = appendPlaceholder(e.out, len(e.attachments))
	e.attachments = append(e.attachments, b)
}

func (e *encoder) text(s string) error {
	ascii, escape := true, false
	for i := range len(s) {
		c := s[i]
		escape = escape || c < ' ' || c == '"' || c == '\\'
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if escape {
		return e.plain(s)
	}
	e.out = append(e.out, '"')
	e.out = append(e.out, s...)
	e.out = append(e.out, '"')
	return nil
}

// plain encodes a value that holds no binary data.
func (e *encoder) plain(v any) error {
	enc := json.NewEncoder(e)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	e.out = bytes.TrimSuffix(e.out, []byte("\n"))
	return nil
}
