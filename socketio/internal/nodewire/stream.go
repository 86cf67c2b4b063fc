package nodewire

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// StreamName returns the stream that carries a namespace: the name alone if there is one, otherwise with a number chosen
// by the namespace. The remainder has JavaScript's sign, so some namespaces get a negative number; the official nodes write
// to such a stream and never read it.
func StreamName(name, namespace string, count int) string {
	if count <= 1 {
		return name
	}
	var hash int32
	for _, unit := range utf16.Encode([]rune(namespace)) {
		hash = hash*31 + int32(unit)
	}
	return name + "-" + strconv.Itoa(int(hash)%count)
}

// Entry returns a message as the fields and values of a stream entry.
func (m Message) Entry() ([]string, error) {
	body, err := m.Body()
	if err != nil {
		return nil, err
	}
	data := string(body.JSON)
	if len(body.Attachments) > 0 {
		b, err := parser.AppendMsgpack(nil, body)
		if err != nil {
			return nil, fmt.Errorf("encode stream entry: %w", err)
		}
		data = base64.StdEncoding.EncodeToString(b)
	}
	return []string{"uid", m.UID, "nsp", m.Namespace, "type", strconv.Itoa(int(m.Kind)), "data", data}, nil
}

// ReadEntry is its reverse.
func ReadEntry(fields map[string]any) (m Message, err error) {
	m.UID, m.Namespace = field(fields, "uid"), field(fields, "nsp")
	kind, err := strconv.Atoi(field(fields, "type"))
	if err != nil {
		return m, fmt.Errorf("%w: entry without a type", ErrMalformed)
	}
	m.Kind = Kind(kind)
	data := field(fields, "data")
	if strings.HasPrefix(data, "{") {
		body, err := Parse([]byte(data))
		if err != nil {
			return m, err
		}
		return m, m.ReadBody(body)
	}
	body, err := readBase64(data)
	if err != nil {
		return m, err
	}
	return m, m.ReadBody(body)
}

// EntryIs reports whether an entry has this kind and namespace, without reading its data.
func EntryIs(fields map[string]any, kind Kind, namespace string) bool {
	return field(fields, "nsp") == namespace && field(fields, "type") == strconv.Itoa(int(kind))
}

func field(fields map[string]any, name string) string {
	text, _ := fields[name].(string)
	return text
}

func readBase64(text string) (Raw, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Raw{}, fmt.Errorf("%w: base64: %w", ErrMalformed, err)
	}
	return ParseMsgpack(b)
}

// Session returns a session as the streams adapter keeps it: base64 of MessagePack.
func Session(s socketio.Session) (string, error) {
	rooms := parser.Value{JSON: Names(s.Rooms)}
	data := s.Data
	if len(data.JSON) == 0 {
		data.JSON = []byte("{}")
	}
	v, err := parser.MarshalOne(map[string]any{"sid": s.SocketID, "pid": s.PrivateID, "rooms": rooms, "data": data})
	if err != nil {
		return "", fmt.Errorf("encode session: %w", err)
	}
	b, err := parser.AppendMsgpack(nil, v)
	if err != nil {
		return "", fmt.Errorf("encode session: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// ReadSession is its reverse.
func ReadSession(text string) (s socketio.Session, err error) {
	whole, err := readBase64(text)
	if err != nil {
		return s, err
	}
	fields, err := whole.Fields()
	if err != nil {
		return s, err
	}
	s.SocketID, s.PrivateID = fields["sid"].Text(), fields["pid"].Text()
	if s.SocketID == "" || s.PrivateID == "" {
		return s, fmt.Errorf("%w: session without ids", ErrMalformed)
	}
	if s.Rooms, err = fields["rooms"].Names(); err != nil {
		return s, err
	}
	s.Data, err = fields["data"].Value()
	return s, err
}
