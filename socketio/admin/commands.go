package admin

import (
	"context"
	"errors"
	"fmt"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// takeCommands obeys a page. Commands act on all nodes of the cluster; a mistake in one is logged and does nothing.
func (a *Admin) takeCommands(s *socketio.Socket) {
	s.OnEvent("emit", func(ctx context.Context, e *socketio.Event) error { // namespace, filter, event, arguments…
		to, err := a.selected(e, 0, 1)
		if err != nil {
			return err
		}
		event, err := text(e, 2)
		if err != nil {
			return err
		}
		args := make([]any, len(e.Args)-3)
		for i, v := range e.Args[3:] {
			args[i] = v
		}
		return to.Emit(ctx, event, args...)
	})
	s.OnEvent("join", func(ctx context.Context, e *socketio.Event) error { // namespace, room, filter
		to, err := a.selected(e, 0, 2)
		room, roomErr := text(e, 1)
		if err := errors.Join(err, roomErr); err != nil {
			return err
		}
		return to.SocketsJoin(ctx, room)
	})
	s.OnEvent("leave", func(ctx context.Context, e *socketio.Event) error { // namespace, room, filter
		to, err := a.selected(e, 0, 2)
		room, roomErr := text(e, 1)
		if err := errors.Join(err, roomErr); err != nil {
			return err
		}
		return to.SocketsLeave(ctx, room)
	})
	s.OnEvent("_disconnect", func(ctx context.Context, e *socketio.Event) error { // namespace, close, filter
		to, err := a.selected(e, 0, 2)
		if err != nil {
			return err
		}
		var closeConnection bool
		if len(e.Args) > 1 {
			if err := e.Args[1].Decode(&closeConnection); err != nil {
				return fmt.Errorf("argument 1: %w", err)
			}
		}
		return to.DisconnectSockets(ctx, closeConnection)
	})
}

// selected returns the sockets of the namespace that one argument names and the room or socket id that another does; without
// that one all of them.
func (a *Admin) selected(e *socketio.Event, namespaceAt, filterAt int) (socketio.Broadcast, error) {
	name, err := text(e, namespaceAt)
	if err != nil {
		return socketio.Broadcast{}, err
	}
	ns, ok := a.server.Lookup(name) // and not Of: a mistyped name would become a namespace open to everybody
	if !ok {
		return socketio.Broadcast{}, fmt.Errorf("there is no namespace %q", name)
	}
	var room string
	if filterAt < len(e.Args) {
		// Anything but a string or null is an error: it must not come to mean everybody.
		if err := e.Args[filterAt].Decode(&room); err != nil {
			return socketio.Broadcast{}, fmt.Errorf("argument %d: %w", filterAt, err)
		}
	}
	if room == "" {
		return ns.All(), nil
	}
	return ns.To(room), nil
}

// text returns an argument that is a string.
func text(e *socketio.Event, at int) (string, error) {
	var s *string
	v := parser.Value{}
	if at < len(e.Args) {
		v = e.Args[at]
	}
	if err := v.Decode(&s); err != nil {
		return "", fmt.Errorf("argument %d: %w", at, err)
	}
	if s == nil {
		return "", fmt.Errorf("argument %d is missing", at)
	}
	return *s, nil
}
