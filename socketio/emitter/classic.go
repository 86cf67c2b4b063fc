package emitter

import (
	"fmt"

	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

// classic translates a message into the classic adapter's terms.
func classic(key string, m nodewire.Message) (channel string, message []byte, err error) {
	if m.Kind == nodewire.Broadcast {
		p := parser.Packet{Type: parser.Event, Namespace: m.Namespace, Data: m.Data}
		message, err = nodewire.ClassicBroadcast(m.UID, p, m.Options)
		return nodewire.ClassicChannel(key+"#"+m.Namespace+"#", m.Options.Rooms), message, err
	}
	r := nodewire.Request{Options: m.Options, Rooms: m.Rooms, Close: m.Close, Data: m.Data}
	switch m.Kind {
	case nodewire.Join:
		r.Kind = nodewire.RequestJoin
	case nodewire.Leave:
		r.Kind = nodewire.RequestLeave
	case nodewire.Disconnect:
		r.Kind = nodewire.RequestDisconnect
	case nodewire.ServerSideEmit:
		r.Kind, r.UID = nodewire.RequestServerSideEmit, m.UID // the others carry none
	default:
		return "", nil, fmt.Errorf("the classic adapter knows no message of type %d", m.Kind)
	}
	message, err = r.Encode()
	return key + "-request#" + m.Namespace + "#", message, err
}
