package nodewire

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// A Kind is the type of a Message. 1, 2 and 13 are heartbeats of adapters that need them; here they are ErrMalformed.
type Kind int

// The kinds of messages, with their numbers on the wire.
const (
	Broadcast          Kind = 3
	Join               Kind = 4
	Leave              Kind = 5
	Disconnect         Kind = 6
	FetchSockets       Kind = 7
	FetchedSockets     Kind = 8
	ServerSideEmit     Kind = 9
	ServerSideAnswer   Kind = 10
	BroadcastDelivered Kind = 11 // its number of clients
	BroadcastAnswer    Kind = 12 // of one client
)

// A Message is what nodes with the sharded or the streams adapter exchange. Each kind uses some of the fields.
type Message struct {
	Kind      Kind
	UID       string // of the sending node
	Namespace string

	RequestID string                    // of a question that wants answers, and of the answers
	Data      parser.Value              // Broadcast, ServerSideEmit: [event, args...]; answers to them: one value, or absent
	Options   socketio.BroadcastOptions // Broadcast, Join, Leave, Disconnect, FetchSockets
	Rooms     []string                  // Join, Leave
	Close     bool                      // Disconnect
	Sockets   []socketio.SocketInfo     // FetchedSockets
	Count     int                       // BroadcastDelivered
}

// JSON returns the message as JSON, or as MessagePack when it holds binary data.
func (m Message) JSON() ([]byte, error) {
	body, err := m.Body()
	if err != nil {
		return nil, err
	}
	if len(body.Attachments) > 0 {
		return m.appendMsgpack(nil, body)
	}
	b := strconv.AppendInt([]byte(`{"type":`), int64(m.Kind), 10)
	b = append(append(b, `,"data":`...), body.JSON...)
	b = append(append(b, `,"uid":`...), Quote(m.UID)...)
	b = append(append(b, `,"nsp":`...), Quote(m.Namespace)...)
	return append(b, '}'), nil
}

// Msgpack returns the message as MessagePack.
func (m Message) Msgpack() ([]byte, error) {
	body, err := m.Body()
	if err != nil {
		return nil, err
	}
	return m.appendMsgpack(nil, body)
}

func (m Message) appendMsgpack(dst []byte, body parser.Value) ([]byte, error) {
	dst = msgp.AppendMapHeader(dst, 4)
	dst = msgp.AppendInt(msgp.AppendString(dst, "type"), int(m.Kind))
	dst, err := parser.AppendMsgpack(msgp.AppendString(dst, "data"), body)
	if err != nil {
		return dst, fmt.Errorf("encode cluster message: %w", err)
	}
	dst = msgp.AppendString(msgp.AppendString(dst, "uid"), m.UID)
	return msgp.AppendString(msgp.AppendString(dst, "nsp"), m.Namespace), nil
}

// Read decodes a message that JSON or Msgpack made, here or on another node.
func Read(r Raw) (m Message, err error) {
	fields, err := r.Fields()
	if err != nil {
		return m, err
	}
	m.Kind, m.UID, m.Namespace = Kind(fields["type"].Int()), fields["uid"].Text(), fields["nsp"].Text()
	return m, m.ReadBody(fields["data"])
}

// ReadBody decodes the data of a message of which Kind is known.
func (m *Message) ReadBody(data Raw) error {
	if m.Kind < Broadcast || m.Kind > BroadcastAnswer {
		return fmt.Errorf("%w: type %d", ErrMalformed, m.Kind)
	}
	fields, err := data.Fields()
	if err != nil {
		return err
	}
	if id := fields["requestId"]; !id.Missing() {
		m.RequestID = id.Text()
	}
	if m.RequestID == "" && (m.Kind == FetchSockets || m.Kind == FetchedSockets || m.Kind >= ServerSideAnswer) {
		return fmt.Errorf("%w: type %d without a requestId", ErrMalformed, m.Kind)
	}
	if m.Kind <= FetchSockets {
		if m.Options, err = fields["opts"].Options(); err != nil {
			return err
		}
	}
	switch m.Kind {
	case Broadcast:
		var p parser.Packet
		p, err = fields["packet"].Packet()
		m.Data = p.Data
	case Join, Leave:
		m.Rooms, err = fields["rooms"].Names()
	case Disconnect:
		m.Close = fields["close"].truth()
	case FetchedSockets:
		m.Sockets, err = fields["sockets"].Sockets()
	case ServerSideEmit:
		m.Data, err = fields["packet"].Event()
	case ServerSideAnswer, BroadcastAnswer:
		m.Data, err = fields["packet"].Value()
	case BroadcastDelivered:
		if m.Count = fields["clientCount"].Int(); m.Count < 0 {
			err = fmt.Errorf("%w: clientCount is no number", ErrMalformed)
		}
	}
	return err
}

// Body returns the data of the message alone. At most one part of it can hold attachments, whose numbers therefore stay.
func (m Message) Body() (parser.Value, error) {
	var v parser.Value
	b := []byte{'{'}
	member := func(name string, text []byte) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), `":`...)
		b = append(b, text...)
	}
	switch m.Kind {
	case Broadcast:
		member("packet", fmt.Appendf(nil, `{"type":%d,"data":%s}`, eventType, m.Data.JSON))
		v.Attachments = m.Data.Attachments
	case FetchedSockets:
		sockets, err := SocketList(m.Sockets)
		if err != nil {
			return v, err
		}
		member("sockets", sockets.JSON)
		v.Attachments = sockets.Attachments
	case ServerSideEmit, ServerSideAnswer, BroadcastAnswer:
		if len(m.Data.JSON) > 0 {
			member("packet", m.Data.JSON)
			v.Attachments = m.Data.Attachments
		}
	}
	if m.RequestID != "" {
		member("requestId", Quote(m.RequestID))
	}
	if m.Kind <= FetchSockets {
		options, err := json.Marshal(m.Options)
		if err != nil {
			return v, err
		}
		member("opts", options)
	}
	switch m.Kind {
	case Join, Leave:
		member("rooms", Names(m.Rooms))
	case Disconnect:
		member("close", strconv.AppendBool(nil, m.Close))
	case BroadcastDelivered:
		member("clientCount", strconv.AppendInt(nil, int64(m.Count), 10))
	}
	v.JSON = append(b, '}')
	return v, nil
}

// Names returns a list of rooms as JSON. It is never null, on which official nodes crash.
func Names(list []string) []byte {
	b := []byte{'['}
	for i, name := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, Quote(name)...)
	}
	return append(b, ']')
}

// Quote returns s as a JSON string.
func Quote(s string) []byte {
	v, _ := parser.MarshalOne(s) // a string always has a JSON form
	return v.JSON
}
