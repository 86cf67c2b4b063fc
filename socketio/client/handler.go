package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	engine "transportlab/socketio/engineio/client"
	"transportlab/socketio/parser"
)

// An Event is one event that the server has sent.
type Event struct {
	Name string
	Args []parser.Value // decode them with their Decode method

	socket   *Socket
	conn     *engine.Conn // acknowledgements of another connection mean something else
	id       uint64
	wantsAck bool
	acked    atomic.Bool
}

// Socket returns the socket that the event came to.
func (e *Event) Socket() *Socket { return e.socket }

// WantsAck reports whether the server waits for an acknowledgement.
func (e *Event) WantsAck() bool { return e.wantsAck }

// Ack acknowledges the event with arguments of any number. Only the first call counts, and none when the server does not
// want it. It may be called after the handler has returned. It fails with ErrDisconnected when the connection on which the
// event came has ended.
func (e *Event) Ack(args ...any) error {
	if !e.wantsAck || e.acked.Swap(true) {
		return nil
	}
	data, err := marshal(args...)
	if err != nil {
		return err
	}
	m := e.socket.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != e.conn || !e.socket.connected {
		return ErrDisconnected
	}
	return e.socket.transmit(parser.Packet{Type: parser.Ack, ID: e.id, HasID: true, Data: data})
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

// An EventHandler handles an event. Its context ends with the manager. Its error is logged, or given to Socket.OnError.
type EventHandler func(ctx context.Context, e *Event) error

type handler struct{ f EventHandler }

// A HandlerError is what the server is told when a handler made by On fails: it acknowledges with
// {"error":{"message":…,"data":…}}. Other errors are logged, and the server learns only that there was one.
type HandlerError struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *HandlerError) Error() string { return e.Message }

// On registers f for an event whose first argument decodes into In; an argument that is missing leaves the zero value, and a
// []parser.Value takes all of them. What f returns is the acknowledgement, if the server wants one. The returned function
// takes f away again.
func On[In, Out any](s *Socket, event string, f func(ctx context.Context, in In) (Out, error)) (remove func()) {
	return s.OnEvent(event, func(ctx context.Context, e *Event) error {
		var in In
		if err := e.decode(&in); err != nil {
			return e.failed(&HandlerError{Message: "invalid argument"}, err)
		}
		out, err := f(ctx, in)
		if err != nil {
			return e.failed(&HandlerError{Message: "internal error"}, err)
		}
		return e.Ack(out)
	})
}

// OnMessage registers f for an event, as On does, that is acknowledged with nothing.
func OnMessage[In any](s *Socket, event string, f func(ctx context.Context, in In) error) (remove func()) {
	return s.OnEvent(event, func(ctx context.Context, e *Event) error {
		var in In
		if err := e.decode(&in); err != nil {
			return e.failed(&HandlerError{Message: "invalid argument"}, err)
		}
		if err := f(ctx, in); err != nil {
			return e.failed(&HandlerError{Message: "internal error"}, err)
		}
		return e.Ack()
	})
}

// failed acknowledges with the HandlerError in err, or with told, and returns what is to be reported.
func (e *Event) failed(told *HandlerError, err error) error {
	errors.As(err, &told)
	return errors.Join(err, e.Ack(map[string]any{"error": told}))
}

// OnEvent registers h for an event. It sees the arguments undecoded and acknowledges for itself.
func (s *Socket) OnEvent(event string, h EventHandler) (remove func()) {
	own := &handler{h}
	s.handling.Lock()
	defer s.handling.Unlock()
	if s.handlers == nil {
		s.handlers = map[string][]*handler{}
	}
	s.handlers[event] = append(slices.Clip(s.handlers[event]), own)
	return func() {
		s.handling.Lock()
		defer s.handling.Unlock()
		s.handlers[event] = without(s.handlers[event], own)
		if len(s.handlers[event]) == 0 {
			delete(s.handlers, event)
		}
	}
}

// OnAny registers h for every event; it runs before the event's handlers.
func (s *Socket) OnAny(h EventHandler) (remove func()) { return s.catch(&s.catchAll, h) }

// OnAnyOutgoing registers h for every event that is sent to the server, at the time when it is. It runs in its turn among
// the socket's handlers.
func (s *Socket) OnAnyOutgoing(h EventHandler) (remove func()) { return s.catch(&s.outgoing, h) }

func (s *Socket) catch(list *[]*handler, h EventHandler) (remove func()) {
	own := &handler{h}
	s.handling.Lock()
	defer s.handling.Unlock()
	*list = append(slices.Clip(*list), own)
	return func() {
		s.handling.Lock()
		defer s.handling.Unlock()
		*list = without(*list, own)
	}
}

// without returns a copy of list: the dispatcher may be reading list itself.
func without(list []*handler, h *handler) []*handler {
	return slices.DeleteFunc(slices.Clone(list), func(other *handler) bool { return other == h })
}

// OnConnect adds a function that is called each time the socket has joined its namespace.
func (s *Socket) OnConnect(f func(ctx context.Context)) {
	s.handling.Lock()
	defer s.handling.Unlock()
	s.joined = append(slices.Clip(s.joined), f)
}

// OnConnectError adds a function that is called when a connection cannot be opened, and when the server refuses the socket:
// then Active is false, and err is a *ConnectError if the namespace refused it.
func (s *Socket) OnConnectError(f func(err error)) {
	s.handling.Lock()
	defer s.handling.Unlock()
	s.refused = append(slices.Clip(s.refused), f)
}

// OnDisconnect adds a function that is called after the last event of a connection, with its error if there is one.
func (s *Socket) OnDisconnect(f func(reason Reason, err error)) {
	s.handling.Lock()
	defer s.handling.Unlock()
	s.left = append(slices.Clip(s.left), f)
}

// OnError adds a function that is given the errors of handlers. Without one they are logged.
func (s *Socket) OnError(f func(err error)) {
	s.handling.Lock()
	defer s.handling.Unlock()
	s.onError = append(slices.Clip(s.onError), f)
}

// handle gives an event to the catch-all functions and the event's handlers.
func (s *Socket) handle(e *Event) {
	s.handling.Lock()
	catchAll, handlers := s.catchAll, s.handlers[e.Name]
	s.handling.Unlock()
	s.run(catchAll, e)
	s.run(handlers, e)
}

func (s *Socket) run(list []*handler, e *Event) {
	for _, h := range list {
		if err := s.m.guard("event handler", func() error { return h.f(s.m.ctx, e) }); err != nil {
			s.fail(fmt.Errorf("event %q: %w", e.Name, err))
		}
	}
}

// fail reports an error of a handler.
func (s *Socket) fail(err error) {
	told := snapshot(s, &s.onError)
	if len(told) == 0 && !errors.Is(err, ErrDisconnected) && !errors.Is(err, errPanicked) {
		s.m.opts.Logger.Warn("socketio client: event handler failed", "namespace", s.namespace, "error", err)
	}
	for _, f := range told {
		_ = s.m.guard("error handler", func() error { f(err); return nil }) // guard has logged it
	}
}

// notifyOutgoing shows an event that is being sent to the functions of OnAnyOutgoing. Manager.mu is held.
func (s *Socket) notifyOutgoing(p parser.Packet) {
	list := snapshot(s, &s.outgoing)
	if len(list) == 0 || p.Type != parser.Event {
		return
	}
	s.events.enqueue(0, func() {
		e := &Event{socket: s}
		var err error
		if e.Name, e.Args, err = p.Data.Event(); err == nil {
			s.run(list, e)
		}
	})
}
