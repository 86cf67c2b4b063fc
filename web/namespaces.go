package web

import (
	"context"
	"time"
	"unicode/utf8"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
)

// namespacePath is where the page finds the Socket.IO server that shows namespaces: two conversations over one
// connection, each with rooms of its own.
const namespacePath = "/namespaces/"

// Limits of what is said there.
const (
	mostSaid = 2000 // bytes
	mostRoom = 64
)

// A said is something that was said in a room.
type said struct {
	From string  `json:"from"` // the socket's id
	Room string  `json:"room"`
	Text string  `json:"text"`
	At   float64 `json:"at"`
}

func newNamespaces(o Options) *socketio.Server {
	s := socketio.NewServer(socketio.Options{Path: namespacePath, Logger: o.Logger,
		Engine: engineio.Options{MaxPayload: 16 << 10, MaxSessions: 64, MessageRate: 50, WriteBuffer: 256 << 10, Logger: o.Logger}})
	for _, name := range []string{"/news", "/chat"} {
		ns := s.Of(name)
		ns.OnConnect(func(socket *socketio.Socket) { converse(ns, socket) })
	}
	return s
}

// converse lets a socket enter rooms and speak in those that it is in. The acknowledgement says whether it did.
func converse(ns *socketio.Namespace, socket *socketio.Socket) {
	answer := func(e *socketio.Event, ok bool) error {
		if e.WantsAck() {
			return e.Ack(ok)
		}
		return nil
	}
	socket.OnEvent("join", func(_ context.Context, e *socketio.Event) error {
		var room string
		ok := len(e.Args) == 1 && e.Args[0].Decode(&room) == nil && fits(room, mostRoom) && len(socket.Rooms()) <= 8
		if ok {
			socket.Join(room)
		}
		return answer(e, ok)
	})
	socket.OnEvent("say", func(ctx context.Context, e *socketio.Event) error {
		var room, text string
		ok := len(e.Args) == 2 && e.Args[0].Decode(&room) == nil && e.Args[1].Decode(&text) == nil && fits(text, mostSaid)
		in := false
		for _, r := range socket.Rooms() {
			in = in || r == room
		}
		if ok = ok && in; ok {
			if err := ns.To(room).Emit(ctx, "said", said{socket.ID(), room, text, milliseconds(time.Now())}); err != nil {
				return err
			}
		}
		return answer(e, ok)
	})
}

func fits(s string, most int) bool { return len(s) > 0 && len(s) <= most && utf8.ValidString(s) }
