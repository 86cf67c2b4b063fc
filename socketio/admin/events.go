package admin

import (
	"context"
	"slices"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A note is an event for the pages.
type note struct {
	event string
	args  []any
}

// maxNotes is how many notes may wait to be sent. More are dropped, so that the pages cannot slow the server down.
const maxNotes = 4096

// tell queues a note. It never waits: it is called with locks of the server held.
func (a *Admin) tell(event string, args ...any) {
	select {
	case a.notes <- note{event, args}:
	default:
		a.dropped.Add(1)
	}
}

// now returns the time as JavaScript writes it in JSON.
func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") }

// observe has the server tell what happens.
func (a *Admin) observe() error {
	o := engineio.Observer{Opened: a.traffic.open, Closed: a.traffic.close, Received: a.traffic.receive, Sent: a.traffic.send}
	if !a.opts.Production {
		o.Upgraded = a.upgraded
	}
	stop, err := a.server.Engine().Observe(o)
	if err != nil {
		return err
	}
	a.stop = append(a.stop, stop)
	if a.opts.Production {
		return nil
	}
	stopToo, err := a.server.Observe(socketio.Observer{
		Connected: a.connected,
		Changed:   a.changed,
		Joined: func(s *socketio.Socket, room string) {
			a.tell("room_joined", s.Namespace().Name(), room, s.ID(), now())
		},
		Left: func(s *socketio.Socket, room string) {
			a.tell("room_left", s.Namespace().Name(), room, s.ID(), now())
		},
		Describe: func(s *socketio.Socket, data parser.Value) parser.Value { return joinData(data, connectionOf(s)) },
	})
	if err != nil {
		stop()
		return err
	}
	a.stop = append(a.stop, stopToo)
	return nil
}

// connected tells of a new socket and, unless it is a page, has it tell of its events.
func (a *Admin) connected(s *socketio.Socket) {
	a.remember(s) // before its transport is read: an upgrade from now on is told
	name := s.Namespace().Name()
	s.OnDisconnect(func(reason socketio.Reason, _ error) {
		a.forget(s)
		a.tell("socket_disconnected", name, s.ID(), reason, now())
	})
	d, err := describe(s)
	if err != nil {
		a.opts.Logger.Warn("socketio admin: a socket cannot be shown", "error", err)
		return
	}
	a.tell("socket_connected", d, now())
	if name == a.opts.Namespace {
		return // each event to a page would be an event to tell the pages
	}
	s.OnAny(func(_ context.Context, e *socketio.Event) error { return a.tellEvent("event_received", e) })
	s.OnAnyOutgoing(func(_ context.Context, e *socketio.Event) error {
		if e.Name == "" { // an acknowledgement
			return nil
		}
		return a.tellEvent("event_sent", e)
	})
}

func (a *Admin) tellEvent(what string, e *socketio.Event) error {
	if a.ctx.Err() != nil { // the socket outlives the Admin
		return nil
	}
	list := make([]any, 0, len(e.Args)+1)
	list = append(list, e.Name)
	for _, v := range e.Args {
		list = append(list, v)
	}
	s := e.Socket()
	a.tell(what, s.Namespace().Name(), s.ID(), list, now())
	return nil
}

// An update is a part of a description.
type update struct {
	ID        string        `json:"id"`
	Namespace string        `json:"nsp"`
	Transport string        `json:"transport,omitempty"`
	Data      *parser.Value `json:"data,omitempty"`
}

// changed tells of a socket's data.
func (a *Admin) changed(s *socketio.Socket) {
	if !s.Connected() {
		return // what a middleware sets is told with the socket
	}
	data, err := dataOf(s)
	if err != nil {
		a.opts.Logger.Warn("socketio admin: data cannot be shown", "error", err)
		return
	}
	a.tell("socket_updated", update{ID: s.ID(), Namespace: s.Namespace().Name(), Data: &data})
}

// upgraded tells that a connection polls no more. It is called with the connection locked.
func (a *Admin) upgraded(c *engineio.Socket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.clients[c] {
		a.tell("socket_updated", update{ID: s.ID(), Namespace: s.Namespace().Name(), Transport: "websocket"})
	}
}

// remember notes whose connection it is. a.mu must not be held while a method of a connection is called: upgraded takes it
// the other way round.
func (a *Admin) remember(s *socketio.Socket) {
	c := s.Conn()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clients[c] = append(a.clients[c], s)
}

func (a *Admin) forget(s *socketio.Socket) {
	c := s.Conn()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clients[c] = slices.DeleteFunc(a.clients[c], func(other *socketio.Socket) bool { return other == s })
	if len(a.clients[c]) == 0 {
		delete(a.clients, c)
	}
}

// publish sends the notes, and the statistics in their time, to all pages of the cluster until Close.
func (a *Admin) publish() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	began, failing := time.Now(), false
	send := func(event string, args ...any) {
		err := a.namespace.Emit(a.ctx, event, args...)
		if err != nil && !failing && a.ctx.Err() == nil { // say it once, not with every event
			a.opts.Logger.Warn("socketio admin: pages cannot be told", "event", event, "error", err)
		}
		failing = err != nil
	}
	var recent []traffics
	send("server_stats", a.stats(began, nil))
	for {
		select {
		case <-a.ctx.Done():
			return
		case n := <-a.notes:
			send(n.event, n.args...)
		case at := <-second.C:
			recent = append(recent, a.traffic.take(at))
			if len(recent) < statsSeconds {
				continue
			}
			send("server_stats", a.stats(began, recent))
			recent = nil
			if n := a.dropped.Swap(0); n > 0 {
				a.opts.Logger.Warn("socketio admin: too much happens to be shown", "dropped", n)
			}
		}
	}
}
