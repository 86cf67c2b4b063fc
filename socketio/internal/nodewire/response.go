package nodewire

import (
	"fmt"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// A ResponseKind is the type of a Response, which only some of them have on the wire.
type ResponseKind int

// The kinds of responses.
const (
	RespondDone           ResponseKind = -1 // to requests of old versions that want to know only that
	RespondSocketIDs      ResponseKind = -2
	RespondRooms          ResponseKind = -3
	RespondSockets        ResponseKind = -4
	RespondServerSideEmit ResponseKind = 6
	RespondDelivered      ResponseKind = 8 // its number of clients
	RespondAck            ResponseKind = 9 // of one client
)

// A Response answers a Request.
type Response struct {
	Kind      ResponseKind
	RequestID string
	Names     []string              // RespondSocketIDs, RespondRooms
	Sockets   []socketio.SocketInfo // RespondSockets
	Data      parser.Value          // RespondServerSideEmit, RespondAck: one value, or absent
	Count     int                   // RespondDelivered
}

// Encode returns the response as JSON, a RespondAck as MessagePack.
func (r Response) Encode() ([]byte, error) {
	id := Quote(r.RequestID)
	switch r.Kind {
	case RespondDone:
		return fmt.Appendf(nil, `{"requestId":%s}`, id), nil
	case RespondSocketIDs:
		return fmt.Appendf(nil, `{"requestId":%s,"sockets":%s}`, id, Names(r.Names)), nil
	case RespondRooms:
		return fmt.Appendf(nil, `{"requestId":%s,"rooms":%s}`, id, Names(r.Names)), nil
	case RespondSockets:
		sockets, err := SocketList(r.Sockets)
		if err != nil {
			return nil, err
		}
		text, err := plainJSON(sockets)
		return fmt.Appendf(nil, `{"requestId":%s,"sockets":%s}`, id, text), err
	case RespondServerSideEmit:
		data, err := plainJSON(r.Data)
		if len(data) > 0 {
			data = append([]byte(`,"data":`), data...)
		}
		return fmt.Appendf(nil, `{"type":%d,"requestId":%s%s}`, r.Kind, id, data), err
	case RespondDelivered:
		return fmt.Appendf(nil, `{"type":%d,"requestId":%s,"clientCount":%s}`, r.Kind, id, strconv.Itoa(r.Count)), nil
	case RespondAck:
		return r.msgpack()
	}
	return nil, fmt.Errorf("response of unknown type %d", r.Kind)
}

func (r Response) msgpack() ([]byte, error) {
	members := uint32(2)
	if len(r.Data.JSON) > 0 {
		members++
	}
	b := msgp.AppendMapHeader(make([]byte, 0, 64+len(r.Data.JSON)), members)
	b = msgp.AppendInt(msgp.AppendString(b, "type"), int(r.Kind))
	b = msgp.AppendString(msgp.AppendString(b, "requestId"), r.RequestID)
	if members == 2 {
		return b, nil
	}
	return parser.AppendMsgpack(msgp.AppendString(b, "packet"), r.Data)
}

// ReadResponse reads the responses to the requests that this library makes: RespondSockets, which other libraries leave
// the list out of when it is empty, and those with a type.
func ReadResponse(b []byte) (r Response, err error) {
	whole, err := Parse(b)
	if err != nil {
		return r, err
	}
	fields, err := whole.Fields()
	if err != nil {
		return r, err
	}
	if r.RequestID = fields["requestId"].Text(); r.RequestID == "" {
		return r, fmt.Errorf("%w: response without a requestId", ErrMalformed)
	}
	if fields["type"].Missing() {
		r.Kind = RespondSockets
		if list := fields["sockets"]; !list.Missing() {
			r.Sockets, err = list.Sockets()
		}
		return r, err
	}
	switch r.Kind = ResponseKind(fields["type"].Int()); r.Kind {
	case RespondServerSideEmit:
		r.Data, err = fields["data"].Value()
	case RespondAck:
		r.Data, err = fields["packet"].Value()
	case RespondDelivered:
		if r.Count = fields["clientCount"].Int(); r.Count < 0 {
			err = fmt.Errorf("%w: clientCount is no number", ErrMalformed)
		}
	default:
		err = fmt.Errorf("%w: response of type %d", ErrMalformed, r.Kind)
	}
	return r, err
}
