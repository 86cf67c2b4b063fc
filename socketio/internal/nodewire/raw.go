// Package nodewire is what the nodes of a cluster say to each other, byte for byte as the official adapters do: JSON, or
// MessagePack where binary data is inside. It knows nothing of how the bytes travel.
//
// Everything that is read here may have been written by anybody who can reach the Redis server: it is checked, and an error
// is all that a malformed message causes.
package nodewire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/tinylib/msgp/msgp"

	"transportlab/socketio/parser"
)

// ErrMalformed means that a message is not what the official adapters send.
var ErrMalformed = errors.New("malformed cluster message")

// A Raw is one value of a message, still in the encoding of the message. The zero Raw is an absent value.
type Raw struct {
	bytes   []byte
	msgpack bool
}

// Parse takes a whole message: JSON if it begins with "{", otherwise MessagePack.
func Parse(b []byte) (Raw, error) {
	if len(b) > 0 && b[0] == '{' {
		if !json.Valid(b) {
			return Raw{}, fmt.Errorf("%w: invalid JSON", ErrMalformed)
		}
		return Raw{bytes: b}, nil
	}
	return ParseMsgpack(b)
}

// ParseMsgpack takes a whole message of MessagePack.
func ParseMsgpack(b []byte) (Raw, error) {
	rest, err := msgp.Skip(b)
	if err != nil {
		return Raw{}, fmt.Errorf("%w: msgpack: %w", ErrMalformed, err)
	}
	if len(rest) > 0 {
		return Raw{}, fmt.Errorf("%w: %d bytes after the message", ErrMalformed, len(rest))
	}
	return Raw{bytes: b, msgpack: true}, nil
}

// Missing reports whether the value is absent or null, between which the official adapters do not always distinguish.
func (r Raw) Missing() bool {
	if r.msgpack {
		return msgp.IsNil(r.bytes) || len(r.bytes) == 3 && r.bytes[0] == 0xd4 && r.bytes[1] == 0 // undefined
	}
	return len(r.bytes) == 0 || string(r.bytes) == "null"
}

// Fields returns the members of an object. Members that nobody asks for cost nothing but their names.
func (r Raw) Fields() (map[string]Raw, error) {
	fields := map[string]Raw{}
	if !r.msgpack {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(r.bytes, &members); err != nil || members == nil {
			return nil, fmt.Errorf("%w: no object", ErrMalformed)
		}
		for name, b := range members {
			fields[name] = Raw{bytes: b}
		}
		return fields, nil
	}
	n, b, err := msgp.ReadMapHeaderBytes(r.bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: no map: %w", ErrMalformed, err)
	}
	for range n {
		var name []byte
		if name, b, err = msgp.ReadMapKeyZC(b); err != nil {
			return nil, fmt.Errorf("%w: map key: %w", ErrMalformed, err)
		}
		if fields[string(name)], b, err = nextMsgpack(b); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// Items returns the elements of an array.
func (r Raw) Items() ([]Raw, error) {
	if !r.msgpack {
		var elements []json.RawMessage
		if err := json.Unmarshal(r.bytes, &elements); err != nil || elements == nil {
			return nil, fmt.Errorf("%w: no array", ErrMalformed)
		}
		items := make([]Raw, len(elements))
		for i, b := range elements {
			items[i].bytes = b
		}
		return items, nil
	}
	n, b, err := msgp.ReadArrayHeaderBytes(r.bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: no array: %w", ErrMalformed, err)
	}
	items := make([]Raw, 0, min(int(n), len(b))) // each element takes a byte at least
	for range n {
		var item Raw
		if item, b, err = nextMsgpack(b); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func nextMsgpack(b []byte) (item Raw, rest []byte, err error) {
	if rest, err = msgp.Skip(b); err != nil {
		return item, b, fmt.Errorf("%w: msgpack: %w", ErrMalformed, err)
	}
	return Raw{bytes: b[:len(b)-len(rest)], msgpack: true}, rest, nil
}

// Value returns the value for the parser and the handlers; binary data becomes attachments. It shares the message's memory.
func (r Raw) Value() (parser.Value, error) {
	if !r.msgpack {
		return parser.Value{JSON: r.bytes}, nil
	}
	v, _, err := parser.ReadMsgpack(r.bytes)
	if err != nil {
		return v, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return v, nil
}

// Decode stores the value in the variable that into points to. An absent value changes nothing.
func (r Raw) Decode(into any) error {
	if len(r.bytes) == 0 {
		return nil
	}
	v, err := r.Value()
	if err == nil {
		err = v.Decode(into)
	}
	if err != nil && !errors.Is(err, ErrMalformed) {
		err = fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// Text returns a string, or "" if the value is none.
func (r Raw) Text() string {
	var s string
	if r.Decode(&s) != nil {
		return ""
	}
	return s
}

// Int returns a whole number from 0 up, or -1 if the value is none. JavaScript has no integers: 3.0 is 3.
func (r Raw) Int() int {
	f := -1.0
	if r.Missing() || r.Decode(&f) != nil || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return -1
	}
	return int(f)
}
