package nodewire

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/tinylib/msgp/msgp"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// eventType is the type of every packet that travels between nodes, also of those with binary data: the wire numbers 5 and
// 6 belong to the text protocol with clients.
const eventType = 2

// binaryEventType is tolerated.
const binaryEventType = 5

// MaxTimeout bounds how long another node may make this one wait for its clients' answers.
const MaxTimeout = time.Hour

// AppendPacket appends a packet as the MessagePack map {type, data, nsp}.
func AppendPacket(dst []byte, p parser.Packet) ([]byte, error) {
	if p.Type != parser.Event {
		return dst, fmt.Errorf("only events are broadcast, no %v", p.Type)
	}
	dst = msgp.AppendMapHeader(dst, 3)
	dst = msgp.AppendInt(msgp.AppendString(dst, "type"), eventType)
	dst, err := parser.AppendMsgpack(msgp.AppendString(dst, "data"), p.Data)
	if err != nil {
		return dst, fmt.Errorf("encode packet: %w", err)
	}
	return msgp.AppendString(msgp.AppendString(dst, "nsp"), p.Namespace), nil
}

// AppendOptions appends a selection with its flags as the MessagePack map {rooms, except, flags}.
func AppendOptions(dst []byte, o socketio.BroadcastOptions) ([]byte, error) {
	v, err := parser.MarshalOne(o)
	if err != nil {
		return dst, fmt.Errorf("encode options: %w", err)
	}
	return parser.AppendMsgpack(dst, v)
}

// Packet reads a packet {type, data, nsp}. A namespace that is left out is returned as "".
func (r Raw) Packet() (p parser.Packet, err error) {
	fields, err := r.Fields()
	if err != nil {
		return p, err
	}
	if t := fields["type"].Int(); t != eventType && t != binaryEventType {
		return p, fmt.Errorf("%w: packet of type %d", ErrMalformed, t)
	}
	p.Type, p.Namespace = parser.Event, fields["nsp"].Text()
	p.Data, err = fields["data"].Event()
	return p, err
}

// Event reads the array [event, args...]. Only its shape is checked here, so that a broadcast need not be taken apart.
func (r Raw) Event() (parser.Value, error) {
	v, err := r.Value()
	if err != nil {
		return v, err
	}
	text := bytes.TrimLeft(v.JSON, " \t\r\n")
	if len(text) == 0 || text[0] != '[' {
		return v, fmt.Errorf("%w: event is no array", ErrMalformed)
	}
	switch text = bytes.TrimLeft(text[1:], " \t\r\n"); {
	case text[0] == '"', text[0] == '-', '0' <= text[0] && text[0] <= '9':
		return v, nil
	}
	return v, fmt.Errorf("%w: event without a name", ErrMalformed)
}

// Options reads a selection {rooms, except, flags}, of which every part may be left out.
func (r Raw) Options() (o socketio.BroadcastOptions, err error) {
	fields, err := r.Fields()
	if err != nil {
		return o, err
	}
	if o.Rooms, err = fields["rooms"].Names(); err != nil {
		return o, err
	}
	if o.Except, err = fields["except"].Names(); err != nil {
		return o, err
	}
	if fields["flags"].Missing() {
		return o, nil
	}
	flags, err := fields["flags"].Fields()
	if err != nil {
		return o, err
	}
	o.Flags.Volatile, o.Flags.SingleResponse = flags["volatile"].truth(), flags["expectSingleResponse"].truth()
	compress, stated := flags["compress"]
	o.Flags.NoCompress = stated && !compress.Missing() && !compress.truth()
	ms := 0.0
	if flags["timeout"].Decode(&ms) == nil && ms > 0 {
		o.Flags.Timeout = time.Duration(min(ms, float64(MaxTimeout/time.Millisecond)) * float64(time.Millisecond))
	}
	return o, nil
}

// Names reads a list of rooms, which may be null. A number, which the official server takes for a room too, is its digits.
func (r Raw) Names() ([]string, error) {
	if r.Missing() {
		return nil, nil
	}
	items, err := r.Items()
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(items))
	for _, item := range items {
		var name string
		if err := item.Decode(&name); err != nil {
			n := item.Int()
			if n < 0 {
				return nil, err
			}
			name = strconv.Itoa(n)
		}
		names = append(names, name)
	}
	return names, nil
}

// Sockets reads a list of socket descriptions, which must be there: a node that sends none has not understood the question.
func (r Raw) Sockets() ([]socketio.SocketInfo, error) {
	items, err := r.Items()
	if err != nil {
		return nil, err
	}
	list := make([]socketio.SocketInfo, len(items))
	for i, item := range items {
		if list[i], err = item.socket(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r Raw) socket() (s socketio.SocketInfo, err error) {
	fields, err := r.Fields()
	if err != nil {
		return s, err
	}
	if s.ID = fields["id"].Text(); s.ID == "" {
		return s, fmt.Errorf("%w: socket without an id", ErrMalformed)
	}
	if s.Rooms, err = fields["rooms"].Names(); err != nil {
		return s, err
	}
	if s.Handshake, err = fields["handshake"].handshake(); err != nil {
		return s, err
	}
	s.Data, err = fields["data"].Value()
	return s, err
}

// SocketList returns the list as a value, binary data in Data kept. It is never null, on which official nodes crash.
func SocketList(list []socketio.SocketInfo) (parser.Value, error) {
	values := make([]parser.Value, len(list))
	for i, s := range list {
		var err error
		if values[i], err = s.Value(); err != nil {
			return parser.Value{}, fmt.Errorf("encode socket %s: %w", s.ID, err)
		}
	}
	return parser.Array(values...), nil
}
