package parser

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// A Value is a JSON text in which each binary part is a placeholder, {"_placeholder":true,"num":N}, for Attachments[N].
// Without attachments it is plain JSON. The zero Value is absent, which is not null. Values are shared: do not change them.
type Value struct {
	JSON        json.RawMessage
	Attachments [][]byte
}

// Elements splits an array into its elements. Each stands alone: its placeholders count its own attachments from 0.
func (v Value) Elements() ([]Value, error) {
	list, err := elements(v.JSON)
	if len(v.Attachments) > 0 {
		for i := range list {
			if err == nil {
				list[i], err = v.own(list[i].JSON)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// own returns an element with placeholders and attachments of its own.
func (v Value) own(element []byte) (own Value, err error) {
	own.JSON, err = replacePlaceholders(element, func(dst []byte, num int) ([]byte, error) {
		if num >= len(v.Attachments) {
			return nil, fmt.Errorf("%w: placeholder %d of %d attachments", ErrMalformed, num, len(v.Attachments))
		}
		dst = appendPlaceholder(dst, len(own.Attachments))
		own.Attachments = append(own.Attachments, v.Attachments[num])
		return dst, nil
	})
	return own, err
}

// Event splits the payload of an Event packet into the event's name and its arguments. A number as a name is returned as
// its digits.
func (v Value) Event() (name string, args []Value, err error) {
	list, err := v.Elements()
	if err != nil {
		return "", nil, err
	}
	if len(list) == 0 {
		return "", nil, fmt.Errorf("%w: event without a name", ErrMalformed)
	}
	name, err = eventName(list[0].JSON)
	return name, list[1:], err
}

// Array joins values into one array, as Elements would split it.
func Array(values ...Value) Value {
	var out Value
	out.JSON = append(out.JSON, '[')
	for i, v := range values {
		if i > 0 {
			out.JSON = append(out.JSON, ',')
		}
		out = out.append(v)
	}
	out.JSON = append(out.JSON, ']')
	return out
}

// WithLast returns the array v with one more element. It shares nothing that is written to with v.
func (v Value) WithLast(last Value) (Value, error) {
	text := bytes.TrimRight(v.JSON, " \t\r\n")
	if len(text) < 2 || text[len(text)-1] != ']' {
		return Value{}, fmt.Errorf("%w: payload is no array", ErrMalformed)
	}
	body := text[:len(text)-1]
	empty := len(bytes.TrimSpace(body)) == 1
	out := Value{JSON: make([]byte, 0, len(text)+1+len(last.JSON)), Attachments: slices.Clip(v.Attachments)}
	out.JSON = append(out.JSON, body...)
	if !empty {
		out.JSON = append(out.JSON, ',')
	}
	out = out.append(last)
	out.JSON = append(out.JSON, ']')
	return out, nil
}

// append adds more's text to v's, with more's placeholders counted after v's attachments. An absent value becomes null.
func (v Value) append(more Value) Value {
	switch {
	case len(more.JSON) == 0:
		v.JSON = append(v.JSON, "null"...)
	case len(more.Attachments) == 0:
		v.JSON = append(v.JSON, more.JSON...)
	default:
		base := len(v.Attachments)
		text, err := replacePlaceholders(more.JSON, func(dst []byte, num int) ([]byte, error) {
			return appendPlaceholder(dst, base+num), nil
		})
		if err != nil { // more was not made by this package: its text goes as it is
			text = more.JSON
		}
		v.JSON = append(v.JSON, text...)
		v.Attachments = append(slices.Clip(v.Attachments), more.Attachments...)
	}
	return v
}

// Decode stores the value in the variable that into points to, by the rules of encoding/json. Binary parts decode into
// []byte. In variables of the types any, []any and map[string]any they appear as []byte too; inside other types an any gets
// their base64 text. An absent value changes nothing.
func (v Value) Decode(into any) error {
	if len(v.JSON) == 0 {
		return nil
	}
	if s, ok := into.(*string); ok && isPlainString(v.JSON) {
		*s = string(v.JSON[1 : len(v.JSON)-1])
		return nil
	}
	if own, ok := into.(*Value); ok {
		*own = v
		return nil
	}
	if len(v.Attachments) == 0 {
		return json.Unmarshal(v.JSON, into)
	}
	switch into := into.(type) {
	case *any, *[]any, *map[string]any:
		if err := json.Unmarshal(v.JSON, into); err != nil {
			return err
		}
		v.restore(into)
		return nil
	}
	text, err := replacePlaceholders(v.JSON, func(dst []byte, num int) ([]byte, error) {
		if num >= len(v.Attachments) {
			return nil, fmt.Errorf("%w: placeholder %d of %d attachments", ErrMalformed, num, len(v.Attachments))
		}
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Attachments[num])
		return append(dst, '"'), nil
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// restore puts the attachments in the place of their placeholders in a tree of maps and slices.
func (v Value) restore(tree any) any {
	switch t := tree.(type) {
	case *any:
		*t = v.restore(*t)
	case *[]any:
		v.restore(*t)
	case *map[string]any:
		v.restore(*t)
	case []any:
		for i := range t {
			t[i] = v.restore(t[i])
		}
	case map[string]any:
		num, ok := t["num"].(float64)
		if t["_placeholder"] == true && ok && len(t) == 2 && num >= 0 && int(num) < len(v.Attachments) {
			return v.Attachments[int(num)]
		}
		for k := range t {
			t[k] = v.restore(t[k])
		}
	}
	return tree
}

// isPlainString reports whether b is a JSON string without escapes.
func isPlainString(b []byte) bool {
	return len(b) >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b)
}

// eventName returns the name in the first element of an event's array.
func eventName(b []byte) (string, error) {
	switch {
	case isPlainString(b):
		return string(b[1 : len(b)-1]), nil
	case len(b) > 0 && b[0] == '"':
		var name string
		err := json.Unmarshal(b, &name)
		return name, err
	case len(b) > 0 && (b[0] == '-' || '0' <= b[0] && b[0] <= '9'):
		return string(b), nil
	}
	return "", fmt.Errorf("%w: event name is neither string nor number", ErrMalformed)
}
