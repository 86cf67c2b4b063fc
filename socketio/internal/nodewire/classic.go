package nodewire

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// EmitterUID is the name under which processes without a server write.
const EmitterUID = "emitter"

// ClassicBroadcast returns the message of the classic adapter for an event: MessagePack [uid, packet, options].
func ClassicBroadcast(uid string, p parser.Packet, o socketio.BroadcastOptions) ([]byte, error) {
	b := msgp.AppendString(msgp.AppendArrayHeader(make([]byte, 0, 64+len(p.Data.JSON)), 3), uid)
	b, err := AppendPacket(b, p)
	if err != nil {
		return nil, err
	}
	return AppendOptions(b, o)
}

// ReadClassicBroadcast is its reverse.
func ReadClassicBroadcast(b []byte) (uid string, p parser.Packet, o socketio.BroadcastOptions, err error) {
	whole, err := ParseMsgpack(b)
	if err != nil {
		return uid, p, o, err
	}
	items, err := whole.Items()
	if err != nil {
		return uid, p, o, err
	}
	if len(items) < 3 {
		return uid, p, o, fmt.Errorf("%w: broadcast of %d parts", ErrMalformed, len(items))
	}
	if p, err = items[1].Packet(); err != nil {
		return uid, p, o, err
	}
	if p.Namespace == "" {
		p.Namespace = "/"
	}
	o, err = items[2].Options()
	return items[0].Text(), p, o, err
}

// A RequestKind is the type of a Request.
type RequestKind int

// The kinds of requests, with their numbers on the wire.
const (
	RequestSocketIDs      RequestKind = 0
	RequestRooms          RequestKind = 1
	RequestJoin           RequestKind = 2
	RequestLeave          RequestKind = 3
	RequestDisconnect     RequestKind = 4
	RequestSockets        RequestKind = 5
	RequestServerSideEmit RequestKind = 6
	RequestBroadcast      RequestKind = 7 // with acknowledgement
)

// A Request is what a node with the classic adapter asks of all others. Each kind uses some of the fields.
type Request struct {
	Kind      RequestKind
	UID       string // of the asking node; emitters leave it out
	RequestID string // when an answer is wanted

	Options  socketio.BroadcastOptions // all but RequestSocketIDs, RequestRooms and RequestServerSideEmit
	Rooms    []string                  // RequestSocketIDs, RequestJoin, RequestLeave
	Close    bool                      // RequestDisconnect
	Data     parser.Value              // RequestServerSideEmit, RequestBroadcast: [event, args...]
	SocketID string                    // instead of Options, in requests of old versions, which want an answer
	// Namespace of a RequestBroadcast's packet.
	Namespace string
}

// Encode returns the request as JSON, a RequestBroadcast as MessagePack.
func (r Request) Encode() ([]byte, error) {
	if r.Kind == RequestBroadcast {
		return r.msgpack()
	}
	b := []byte{'{'}
	member := func(name string, text []byte) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), `":`...)
		b = append(b, text...)
	}
	if r.UID != "" {
		member("uid", Quote(r.UID))
	}
	if r.RequestID != "" {
		member("requestId", Quote(r.RequestID))
	}
	member("type", strconv.AppendInt(nil, int64(r.Kind), 10))
	switch r.Kind {
	case RequestJoin, RequestLeave, RequestDisconnect, RequestSockets:
		member("opts", fmt.Appendf(nil, `{"rooms":%s,"except":%s}`, Names(r.Options.Rooms), Names(r.Options.Except)))
	}
	switch r.Kind {
	case RequestJoin, RequestLeave, RequestSocketIDs:
		member("rooms", Names(r.Rooms))
	case RequestDisconnect:
		member("close", strconv.AppendBool(nil, r.Close))
	case RequestServerSideEmit:
		data, err := plainJSON(r.Data)
		if err != nil {
			return nil, err
		}
		member("data", data)
	}
	return append(b, '}'), nil
}

func (r Request) msgpack() ([]byte, error) {
	b := msgp.AppendMapHeader(make([]byte, 0, 128+len(r.Data.JSON)), 5)
	b = msgp.AppendString(msgp.AppendString(b, "uid"), r.UID)
	b = msgp.AppendString(msgp.AppendString(b, "requestId"), r.RequestID)
	b = msgp.AppendInt(msgp.AppendString(b, "type"), int(r.Kind))
	b, err := AppendPacket(msgp.AppendString(b, "packet"), parser.Packet{Type: parser.Event, Namespace: r.Namespace, Data: r.Data})
	if err != nil {
		return nil, err
	}
	return AppendOptions(msgp.AppendString(b, "opts"), r.Options)
}

// ReadRequest is the reverse of Encode.
func ReadRequest(b []byte) (r Request, err error) {
	whole, err := Parse(b)
	if err != nil {
		return r, err
	}
	fields, err := whole.Fields()
	if err != nil {
		return r, err
	}
	r.Kind = RequestKind(fields["type"].Int())
	r.UID, r.RequestID = fields["uid"].Text(), fields["requestId"].Text()
	switch r.Kind {
	case RequestJoin, RequestLeave, RequestDisconnect:
		if fields["opts"].Missing() {
			r.SocketID, r.Rooms = fields["sid"].Text(), []string{fields["room"].Text()}
			r.Close = fields["close"].truth()
			return r, nil
		}
		r.Close = fields["close"].truth()
		fallthrough
	case RequestSocketIDs:
		if r.Rooms, err = fields["rooms"].Names(); err != nil {
			return r, err
		}
	case RequestRooms, RequestSockets:
	case RequestServerSideEmit:
		r.Data, err = fields["data"].Event()
	case RequestBroadcast:
		var p parser.Packet
		p, err = fields["packet"].Packet()
		r.Data, r.Namespace = p.Data, p.Namespace
	default:
		err = fmt.Errorf("%w: request of type %d", ErrMalformed, r.Kind)
	}
	if err != nil {
		return r, err
	}
	switch r.Kind {
	case RequestJoin, RequestLeave, RequestDisconnect, RequestSockets, RequestBroadcast:
		r.Options, err = fields["opts"].Options()
	}
	return r, err
}

// plainJSON returns a value as JSON.stringify does, which knows no binary data: a Buffer becomes an object of numbers.
func plainJSON(v parser.Value) ([]byte, error) {
	if len(v.Attachments) == 0 {
		return v.JSON, nil
	}
	var tree any
	if err := v.Decode(&tree); err != nil {
		return nil, err
	}
	return json.Marshal(buffers(tree))
}

func buffers(tree any) any {
	switch t := tree.(type) {
	case []byte:
		numbers := make([]int, len(t))
		for i, b := range t {
			numbers[i] = int(b)
		}
		return map[string]any{"type": "Buffer", "data": numbers}
	case []any:
		for i := range t {
			t[i] = buffers(t[i])
		}
	case map[string]any:
		for k := range t {
			t[k] = buffers(t[k])
		}
	}
	return tree
}

// ClassicChannel returns the channel for a broadcast to rooms: that of the room if there is one, otherwise the namespace's.
func ClassicChannel(namespaceChannel string, rooms []string) string {
	if len(rooms) == 1 {
		return namespaceChannel + rooms[0] + "#"
	}
	return namespaceChannel
}
