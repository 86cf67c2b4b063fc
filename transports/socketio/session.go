package socketio

import (
	"context"
	"crypto/rand"
	"sync"

	"transportlab/socketio"
	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/push"
	"transportlab/transports/internal/rate"
	"transportlab/transports/internal/wire"
)

// A session is one client.
type session struct {
	*server
	socket *socketio.Socket
	topic  string
	place  place
	limit  *rate.Bucket // of the socket's handlers

	mu        sync.Mutex
	sent      []sending // at most duplex.MaxBatch
	taken     sync.Cond // broadcast when sent was taken
	appending bool      // a goroutine is giving sent to the log
}

// A sending is a message that waits for the log.
type sending struct {
	m transports.Message
	e *socketio.Event
}

func (s *server) connect(socket *socketio.Socket) {
	x := &session{server: s, socket: socket, topic: topicOf(socket.Request()), limit: rate.New(s.t.o.MessageRate)}
	x.taken.L = &x.mu
	var err error
	if x.place, err = s.feed.open(socket, x.topic); err != nil {
		bye(socket, wire.AsError(err))
		return
	}
	socket.OnDisconnect(func(socketio.Reason, error) { x.place.Done() })
	socket.OnEvent("send", x.send)
	socketio.OnMessage(socket, "subscribe", func(_ context.Context, after string) error { x.subscribe(after); return nil })
	socket.OnEvent("unsubscribe", func(context.Context, *socketio.Event) error { x.place.Unsubscribe(); return nil })
	var auth struct {
		After *string `json:"after"`
	}
	if socket.Handshake().DecodeAuth(&auth) == nil && auth.After != nil {
		x.subscribe(*auth.After)
	}
}

func (x *session) subscribe(after string) {
	c, err := transports.ParseCursor(after)
	if err != nil {
		x.place.Bye(wire.AsError(err))
		return
	}
	x.place.subscribe(c)
}

// send gives a message to the log together with those that come meanwhile. While too many wait, the
// client's next events do.
func (x *session) send(_ context.Context, e *socketio.Event) error {
	if !x.limit.Take(1) {
		x.place.Bye(transports.ErrRateLimited)
		return nil
	}
	m, err := x.message(e)
	if err != nil {
		return e.Ack(wire.BodyOf(err))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.sent) >= duplex.MaxBatch {
		x.taken.Wait()
	}
	x.sent = append(x.sent, sending{m, e})
	if !x.appending {
		x.appending = true
		x.work.Go(x.append) // ends when nothing waits; the log's calls end with the socket
	}
	return nil
}

// message reads the batch of one message that an event holds.
func (x *session) message(e *socketio.Event) (transports.Message, error) {
	if len(e.Args) != 1 || len(e.Args[0].Attachments) > 1 {
		return transports.Message{}, transports.ErrMalformed
	}
	p, parse := []byte(e.Args[0].JSON), wire.ParseUp
	if len(e.Args[0].Attachments) == 1 {
		p, parse = e.Args[0].Attachments[0], wire.ParseBinaryUp
	}
	ms, err := parse(p, 1)
	if err != nil {
		return transports.Message{}, err
	}
	if len(ms[0].Data) > x.t.o.MaxMessage {
		return transports.Message{}, transports.ErrTooLarge
	}
	if ms[0].ID == "" {
		ms[0].ID = rand.Text()
	}
	return ms[0], nil
}

func (x *session) append() {
	for {
		x.mu.Lock()
		sent := x.sent
		x.sent = nil
		x.appending = len(sent) > 0
		x.taken.Broadcast()
		x.mu.Unlock()
		if len(sent) == 0 {
			return
		}
		ms := make([]transports.Message, len(sent))
		for i := range sent {
			ms[i] = sent[i].m
		}
		for i, r := range transports.AppendAll(x.socket.Context(), x.log, x.topic, ms) {
			if r.Err != nil {
				_ = sent[i].e.Ack(wire.BodyOf(r.Err)) // who has gone asks again
			} else {
				_ = sent[i].e.Ack(r.Cursor.Epoch, int64(r.Cursor.Offset))
			}
		}
	}
}

// cursors is the feed in which each socket has its own cursor, as the other transports that push have it.
type cursors struct {
	*push.Server
	log transports.Log
}

func newCursors(log transports.Log, o transports.Options) cursors {
	o.Heartbeat = 1 << 62 // Engine.IO has its own
	return cursors{push.NewServer(log, o, true), log}
}

func (c cursors) open(s *socketio.Socket, topic string) (place, error) {
	x, err := c.Open(topic)
	if err != nil {
		return nil, err
	}
	x.Attach(writer{s}, duplex.Framing{})
	x.Start()
	return cursorPlace{x, &duplex.Loop{Log: c.log, Topic: topic, Session: x}}, nil
}

type cursorPlace struct {
	*push.Session
	loop *duplex.Loop
}

func (p cursorPlace) subscribe(after transports.Cursor) {
	p.loop.Subscribe(after, duplex.Framing{}.Text(nil, subscribed))
}

var subscribed = []byte(`{"type":"subscribed"}`)

// writerBuffer is how many bytes may wait for a client before its session waits.
const writerBuffer = 256 << 10

// A writer is a push.Writer that sends frames as events. It ends when Engine.IO gives the client up.
type writer struct{ socket *socketio.Socket }

func (w writer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n, binary := duplex.FrameHead(rest)
		if err := emit(w.socket.Emit, rest[duplex.HeadSize:duplex.HeadSize+n], binary); err != nil {
			return len(p) - len(rest), err
		}
		rest = rest[duplex.HeadSize+n:]
	}
	return len(p), w.socket.Conn().Drain(w.socket.Context(), writerBuffer)
}

// Last implements push.Writer: Write never gives up before Engine.IO does.
func (writer) Last([]byte) {}

func (w writer) Close(bool) { w.socket.Disconnect(true) }
