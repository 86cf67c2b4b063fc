package socketio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"transportlab/socketio/parser"
)

// An Event is one event that a client has sent.
type Event struct {
	Name string
	Args []parser.Value // decode them with their Decode method

	socket   *Socket
	id       uint64
	wantsAck bool
	acked    atomic.Bool
}

// Socket returns the socket that the event came from.
func (e *Event) Socket() *Socket { return e.socket }

// WantsAck reports whether the client waits for an acknowledgement.
func (e *Event) WantsAck() bool { return e.wantsAck }

// Ack acknowledges the event with arguments of any number. Only the first call counts, and none when the client does not
// want it. It may be called after the handler has returned.
func (e *Event) Ack(args ...any) error {
	if !e.wantsAck || e.acked.Swap(true) {
		return nil
	}
	if e.socket.ended() {
		return fmt.Errorf("acknowledge %q: %w", e.Name, ErrDisconnected)
	}
	data, err := parser.Marshal(args...)
	if err != nil {
		return err
	}
	p := parser.Packet{Type: parser.Ack, ID: e.id, HasID: true, Data: data}
	out, err := e.socket.encode(p, Flags{})
	if err != nil {
		return err
	}
	e.socket.notifyOutgoing(p)
	return e.socket.sent(e.socket.client.conn.SendNow(out...))
}

// decode stores the event's first argument in the variable that into points to, or all of them in a []parser.Value.
func (e *Event) decode(into any) error {
	if all, ok := into.(*[]parser.Value); ok {
		*all = e.Args
		return nil
	}
	if len(e.Args) == 0 {
		return nil
	}
	return e.Args[0].Decode(into)
}

// An EventHandler handles an event. Its error is logged, or given to Socket.OnError.
type EventHandler func(ctx context.Context, e *Event) error

// An EventMiddleware sees an event before its handlers do. An error keeps the event from them.
type EventMiddleware func(ctx context.Context, e *Event) error

type handler struct {
	event string // of a handler for one event
	f     EventHandler
}

// A HandlerError is what the client is told when a handler made by On fails: it acknowledges with
// {"error":{"message":…,"data":…}}. Other errors are logged, and the client learns only that there was one.
type HandlerError struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *HandlerError) Error() string { return e.Message }

// On registers f for an event whose first argument decodes into In; an argument that is missing leaves the zero value, and a
// []parser.Value takes all of them. What f returns is the acknowledgement, if the client wants one. The returned function
// takes f away again.
func On[In, Out any](s *Socket, event string, f func(ctx context.Context, in In) (Out, error)) (remove func()) {
	return s.OnEvent(event, func(ctx context.Context, e *Event) error {
		var in In
		if err := e.decode(&in); err != nil {
			return errors.Join(err, e.ackError(&HandlerError{Message: "invalid argument"}))
		}
		out, err := f(ctx, in)
		if err == nil {
			return e.Ack(out)
		}
		told := &HandlerError{Message: "internal error"}
		errors.As(err, &told)
		return errors.Join(err, e.ackError(told))
	})
}

func (e *Event) ackError(told *HandlerError) error {
	return e.Ack(map[string]any{"error": told})
}

// OnMessage registers f for an event, as On does, that is acknowledged with nothing.
func OnMessage[In any](s *Socket, event string, f func(ctx context.Context, in In) error) (remove func()) {
	return s.OnEvent(event, func(ctx context.Context, e *Event) error {
		var in In
		if err := e.decode(&in); err != nil {
			return errors.Join(err, e.ackError(&HandlerError{Message: "invalid argument"}))
		}
		if err := f(ctx, in); err != nil {
			told := &HandlerError{Message: "internal error"}
			errors.As(err, &told)
			return errors.Join(err, e.ackError(told))
		}
		return e.Ack()
	})
}

// OnEvent registers h for an event. It sees the arguments undecoded and acknowledges for itself.
func (s *Socket) OnEvent(event string, h EventHandler) (remove func()) {
	return s.register(&s.handlers, &handler{event, h})
}

// OnAny registers h for every event; it runs before middlewares and handlers.
func (s *Socket) OnAny(h EventHandler) (remove func()) {
	return s.register(&s.catchAll, &handler{f: h})
}

// OnAnyOutgoing registers h for every event and acknowledgement that is sent to the client. It runs in its turn among the
// socket's handlers. An acknowledgement has no name.
func (s *Socket) OnAnyOutgoing(h EventHandler) (remove func()) {
	return s.register(&s.outgoing, &handler{f: h})
}

func (s *Socket) register(list *[]*handler, own *handler) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(slices.Clip(*list), own)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		*list = without(*list, own)
	}
}

// without returns a copy of list: the dispatcher may be reading list itself.
func without(list []*handler, h *handler) []*handler {
	return slices.DeleteFunc(slices.Clone(list), func(other *handler) bool { return other == h })
}

// Use adds a middleware for the socket's events.
func (s *Socket) Use(m EventMiddleware) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.middlewares = append(slices.Clip(s.middlewares), m)
}

// OnError adds a function that is given the errors of handlers and middlewares. Without one they are logged.
func (s *Socket) OnError(f func(err error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onError = append(slices.Clip(s.onError), f)
}

// notifyOutgoing shows a packet that is being sent to the functions of OnAnyOutgoing.
func (s *Socket) notifyOutgoing(p parser.Packet) {
	s.mu.Lock()
	list := s.outgoing
	if s.state == disconnected {
		list = nil
	}
	s.mu.Unlock()
	if len(list) == 0 || p.Type != parser.Event && p.Type != parser.Ack {
		return
	}
	s.enqueue(task{run: func() {
		e := &Event{socket: s}
		var err error
		if p.Type == parser.Event {
			e.Name, e.Args, err = p.Data.Event()
		} else {
			e.Args, err = p.Data.Elements()
		}
		if err != nil {
			s.fail(err)
			return
		}
		for _, h := range list {
			s.run(h, e)
		}
	}})
}
