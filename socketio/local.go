package socketio

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"transportlab/socketio/parser"
)

// Local holds the sockets of one namespace on this node, and their rooms. An adapter calls it for what other nodes ask. All
// methods may be called concurrently.
type Local struct {
	ns *Namespace

	mu       sync.RWMutex
	sockets  map[string]*Socket // each is also in a room named by its id, of which nothing is stored
	rooms    map[string]map[*Socket]struct{}
	observer RoomObserver // nil: nobody
}

func newLocal(ns *Namespace) *Local {
	return &Local{ns: ns, sockets: map[string]*Socket{}, rooms: map[string]map[*Socket]struct{}{}}
}

// Name returns the namespace's name, which begins with "/".
func (l *Local) Name() string { return l.ns.name }

// Logger returns the server's logger.
func (l *Local) Logger() *slog.Logger { return l.ns.server.opts.Logger }

// Recovery returns the options of connection state recovery, and whether it is on.
func (l *Local) Recovery() (RecoveryOptions, bool) {
	if r := l.ns.server.opts.Recovery; r != nil {
		return *r, true
	}
	return RecoveryOptions{}, false
}

// Broadcast delivers p to the sockets here that o selects. It is encoded once.
func (l *Local) Broadcast(p parser.Packet, o BroadcastOptions) error {
	out, err := l.ns.encode(p, o.Flags)
	if err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.each(o, func(s *Socket) { s.deliver(p, out, o.Flags.Volatile) })
	return nil
}

// BroadcastWithAck delivers p and reports the answers to sink until ctx ends. A packet of another node has no ID: it gets
// this node's next one.
func (l *Local) BroadcastWithAck(ctx context.Context, p parser.Packet, o BroadcastOptions, sink AckSink) error {
	if !p.HasID {
		p.ID, p.HasID = l.ns.nextAck(), true
	}
	out, err := l.ns.encode(p, o.Flags)
	if err != nil {
		return err
	}
	var asked []*Socket
	l.mu.RLock()
	l.each(o, func(s *Socket) {
		if s.expectAck(p.ID, func(answer parser.Value, ok bool) {
			if ok {
				sink.Ack(firstElement(answer))
			}
		}) == nil {
			asked = append(asked, s)
		}
	})
	l.mu.RUnlock()
	sink.Expect(len(asked))
	for _, s := range asked {
		s.deliver(p, out, o.Flags.Volatile)
	}
	context.AfterFunc(ctx, func() {
		for _, s := range asked {
			s.forgetAck(p.ID)
		}
	})
	return nil
}

// firstElement returns the first element of an acknowledgement, or an absent value.
func firstElement(array parser.Value) parser.Value {
	if list, err := array.Elements(); err == nil && len(list) > 0 {
		return list[0]
	}
	return parser.Value{}
}

// Apply makes the sockets here that o selects join, leave or disconnect.
func (l *Local) Apply(o BroadcastOptions, a Action) {
	for _, s := range l.selected(o) {
		switch a.Kind {
		case ActionJoin:
			l.join(s, a.Rooms)
		case ActionLeave:
			l.leave(s, a.Rooms)
		case ActionDisconnect:
			s.Disconnect(a.Close)
		}
	}
}

// FetchSockets describes the sockets here that o selects.
func (l *Local) FetchSockets(o BroadcastOptions) ([]SocketInfo, error) {
	list := l.selected(o)
	infos := make([]SocketInfo, 0, len(list))
	for _, s := range list {
		info, err := s.info()
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// ServerSideEmit hands the array [event, args...] of another node to the namespace's handlers. ack, if not nil, is called
// at most once.
func (l *Local) ServerSideEmit(event parser.Value, ack func(parser.Value)) {
	l.ns.serverEvent(event, ack)
}

// HasSocket reports whether id is a socket here.
func (l *Local) HasSocket(id string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.sockets[id] != nil
}

// HasRoom reports whether room has members here.
func (l *Local) HasRoom(room string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.has(room)
}

func (l *Local) has(room string) bool {
	s := l.sockets[room]
	return s != nil && !s.leftOwnRoom || len(l.rooms[room]) > 0
}

// Rooms returns the rooms that have members here, those named by a socket's id included.
func (l *Local) Rooms() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := make([]string, 0, len(l.rooms)+len(l.sockets))
	for room := range l.rooms {
		if s := l.sockets[room]; s == nil || s.leftOwnRoom {
			list = append(list, room)
		}
	}
	for id, s := range l.sockets {
		if !s.leftOwnRoom {
			list = append(list, id)
		}
	}
	return list
}

// SocketIDs returns the ids of the sockets here that are in any of rooms, or of all when there are none.
func (l *Local) SocketIDs(rooms []string) []string {
	list := l.selected(BroadcastOptions{Rooms: rooms})
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.id
	}
	return ids
}

func (l *Local) selected(o BroadcastOptions) []*Socket {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var list []*Socket
	l.each(o, func(s *Socket) { list = append(list, s) })
	return list
}

// each calls f for every selected socket, once. l.mu is held.
func (l *Local) each(o BroadcastOptions, f func(*Socket)) {
	visit := f
	if len(o.Except) > 0 {
		visit = func(s *Socket) {
			if !slices.ContainsFunc(o.Except, func(room string) bool { return l.in(s, room) }) {
				f(s)
			}
		}
	}
	if len(o.Rooms) == 0 {
		for _, s := range l.sockets {
			visit(s)
		}
		return
	}
	if len(o.Rooms) > 1 {
		seen, first := map[*Socket]struct{}{}, visit
		visit = func(s *Socket) {
			if _, again := seen[s]; !again {
				seen[s] = struct{}{}
				first(s)
			}
		}
	}
	for _, room := range o.Rooms {
		own := l.sockets[room]
		if own != nil && !own.leftOwnRoom {
			visit(own)
		}
		for s := range l.rooms[room] {
			if s != own {
				visit(s)
			}
		}
	}
}

func (l *Local) in(s *Socket, room string) bool {
	if room == s.id {
		return !s.leftOwnRoom
	}
	_, ok := l.rooms[room][s]
	return ok
}

// add makes a socket a member of the namespace. It fails when the socket has disconnected meanwhile.
func (l *Local) add(s *Socket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.gone {
		return false
	}
	created := !l.has(s.id)
	l.sockets[s.id] = s
	if created && l.observer != nil {
		l.observer.RoomCreated(s.id)
	}
	if o := l.ns.server.observer.Load(); o != nil && !s.leftOwnRoom {
		o.Joined(s, s.id)
	}
	return true
}

// join is without effect on a socket that has gone.
func (l *Local) join(s *Socket, rooms []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.gone {
		return
	}
	for _, room := range rooms {
		if l.in(s, room) && (room != s.id || l.sockets[s.id] == s) {
			continue
		}
		created := !l.has(room)
		if room == s.id {
			s.leftOwnRoom = false
			created = created && l.sockets[s.id] == s
		} else {
			if l.rooms[room] == nil {
				l.rooms[room] = map[*Socket]struct{}{}
			}
			l.rooms[room][s] = struct{}{}
			s.rooms = append(s.rooms, room)
		}
		if created && l.observer != nil {
			l.observer.RoomCreated(room)
		}
		if o := l.ns.server.observer.Load(); o != nil && (room != s.id || l.sockets[s.id] == s) {
			o.Joined(s, room)
		}
	}
}

func (l *Local) leave(s *Socket, rooms []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, room := range rooms {
		if l.in(s, room) {
			l.leaveOne(s, room)
		}
	}
}

func (l *Local) leaveOne(s *Socket, room string) {
	had := l.has(room)
	if room == s.id {
		s.leftOwnRoom = true
	} else {
		s.rooms = slices.DeleteFunc(s.rooms, func(r string) bool { return r == room })
		delete(l.rooms[room], s)
		if len(l.rooms[room]) == 0 {
			delete(l.rooms, room)
		}
	}
	if had && !l.has(room) && l.observer != nil {
		l.observer.RoomDeleted(room)
	}
	if o := l.ns.server.observer.Load(); o != nil {
		o.Left(s, room)
	}
}

// forgetRooms takes a socket that is not a member yet out of its rooms.
func (l *Local) forgetRooms(s *Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, room := range slices.Clone(s.rooms) {
		l.leaveOne(s, room)
	}
}

// remove takes a socket out of everything, for good, and returns the rooms it was in.
func (l *Local) remove(s *Socket) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.gone {
		return nil
	}
	rooms := l.roomsOf(s)
	s.gone = true
	for _, room := range rooms {
		if room != s.id {
			l.leaveOne(s, room)
		}
	}
	if l.sockets[s.id] == s {
		had := l.has(s.id)
		delete(l.sockets, s.id)
		if had && !l.has(s.id) && l.observer != nil {
			l.observer.RoomDeleted(s.id)
		}
		if o := l.ns.server.observer.Load(); o != nil && !s.leftOwnRoom {
			o.Left(s, s.id)
		}
	}
	return rooms
}

// roomsOf returns a socket's rooms, its own first. l.mu is held.
func (l *Local) roomsOf(s *Socket) []string {
	list := make([]string, 0, len(s.rooms)+1)
	if !s.leftOwnRoom {
		list = append(list, s.id)
	}
	return append(list, s.rooms...)
}
