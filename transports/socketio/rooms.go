package socketio

import (
	"context"
	"errors"
	"sync"

	"transportlab/socketio"
	"transportlab/transports"
	"transportlab/transports/internal/hub"
	"transportlab/transports/internal/wire"
)

// rooms is the feed in which the library fans out: each topic that is followed on this node is a room, to
// which its follower sends what the log gets, encoded once by the library's adapter. Nodes hear of each
// other's messages from the log, which alone knows their order. A socket catches up from the log and
// then joins at the very place where the follower stands. A client that does not take what its room
// gets is cut off by Engine.IO, and resumes.
type rooms struct {
	ns  *socketio.Namespace
	log transports.Log
	o   transports.Options
	hub *hub.Hub

	ctx      context.Context // ends with Shutdown
	stop     context.CancelFunc
	wg       sync.WaitGroup // followers, and sockets that catch up
	mu       sync.Mutex
	rooms    map[string]*room
	draining bool
}

func newRooms(ns *socketio.Namespace, log transports.Log, o transports.Options) *rooms {
	f := &rooms{ns: ns, log: log, o: o, hub: hub.New(log, o.Batch, true), rooms: map[string]*room{}}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// A room is a topic that has subscribers on this node.
type room struct {
	members int // guarded by rooms.mu
	stop    context.CancelFunc

	mu    sync.Mutex // held while the room is sent something, and while a socket joins
	at    transports.Cursor
	moved chan struct{} // closed when at changes
}

// roomName keeps topics apart from the rooms that are named by sockets' ids.
func roomName(topic string) string { return "topic " + topic }

// enter counts a socket in, and a goroutine of its own; the first one has the topic followed from its cursor.
// It returns nil when the node goes away.
func (f *rooms) enter(topic string, after transports.Cursor) *room {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return nil
	}
	f.wg.Add(1)
	r := f.rooms[topic]
	if r == nil {
		ctx, stop := context.WithCancel(f.ctx)
		r = &room{stop: stop, at: after, moved: make(chan struct{})}
		f.rooms[topic] = r
		news := make(chan struct{}, 1)
		sub := f.hub.Subscribe(topic, after, func() {
			select {
			case news <- struct{}{}:
			default:
			}
		})
		f.wg.Go(func() { // ends with the room's last member, or Shutdown
			defer sub.Close()
			f.follow(ctx, topic, r, sub, news)
		})
	}
	r.members++
	return r
}

func (f *rooms) leave(topic string, r *room) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.members--; r.members == 0 {
		r.stop()
		delete(f.rooms, topic)
	}
}

// follow sends the room what the log gets.
func (f *rooms) follow(ctx context.Context, topic string, r *room, sub *hub.Sub, news <-chan struct{}) {
	to := f.ns.To(roomName(topic)).Local()
	for ctx.Err() == nil {
		run, ok, err := sub.Next(ctx)
		var p []byte
		var gap *transports.GapError
		switch {
		case errors.As(err, &gap):
			p = wire.AppendControl(nil, wire.Gap(gap))
		case ok:
			p = run.Append(nil)
		default:
			select {
			case <-news:
			case <-ctx.Done():
			}
			continue
		}
		r.mu.Lock()
		_ = emit(to.Emit, p, run.Binary) // the node's own sockets are always reached
		r.at = sub.At()
		close(r.moved)
		r.moved = make(chan struct{})
		r.mu.Unlock()
	}
}

func (f *rooms) open(s *socketio.Socket, topic string) (place, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return nil, transports.ErrDraining
	}
	return &member{feed: f, socket: s, topic: topic}, nil
}

// Shutdown implements feed.
func (f *rooms) Shutdown(context.Context) error {
	f.mu.Lock()
	f.draining = true
	f.mu.Unlock()
	f.stop()
	f.wg.Wait()
	f.hub.Close()
	return nil
}

// A member is the place of a socket.
type member struct {
	feed   *rooms
	socket *socketio.Socket
	topic  string
	leave  func() // nil: not subscribed
}

func (m *member) subscribe(after transports.Cursor) {
	m.Unsubscribe()
	r := m.feed.enter(m.topic, after)
	if r == nil {
		return // goodbye is on its way
	}
	ctx, cancel := context.WithCancel(m.feed.ctx)
	done := make(chan struct{})
	m.leave = func() {
		cancel()
		<-done
		m.socket.Leave(roomName(m.topic))
		m.feed.leave(m.topic, r)
	}
	_ = emit(m.socket.Emit, subscribed, false) // who has gone does not need it
	go func() {                                // ends when the socket has caught up, or with ctx
		defer m.feed.wg.Done()
		defer close(done)
		if err := m.catchUp(ctx, r, after); err != nil && ctx.Err() == nil {
			bye(m.socket, wire.AsError(err))
		}
	}()
}

// Unsubscribe implements place.
func (m *member) Unsubscribe() {
	if m.leave != nil {
		m.leave()
		m.leave = nil
	}
}

func (m *member) Bye(e *transports.Error) { bye(m.socket, e) }
func (m *member) Done()                   { m.Unsubscribe() }

// catchUp sends the socket what lies between its cursor and the room's, and has it join there.
func (m *member) catchUp(ctx context.Context, r *room, after transports.Cursor) error {
	var gap *transports.GapError // is told in its turn, below; a log that cannot be read, now
	if _, err := m.feed.log.Read(ctx, m.topic, after, 1); err != nil && !errors.As(err, &gap) {
		return err
	}
	for {
		r.mu.Lock()
		at, moved := r.at, r.moved
		if after == at {
			m.socket.Join(roomName(m.topic))
		}
		r.mu.Unlock()
		if after == at {
			return nil
		}
		ms, err := m.feed.log.Read(ctx, m.topic, after, m.feed.o.Batch)
		switch {
		case errors.As(err, &gap):
			err = emit(m.socket.Emit, wire.AppendControl(nil, wire.Gap(gap)), false)
			after = gap.Resume()
		case err == nil:
			ms = upTo(ms, at)
			if len(ms) == 0 { // the room is behind, and about to move
				select {
				case <-moved:
				case <-ctx.Done():
				}
				err = ctx.Err()
				break
			}
			err = m.send(ms)
			after = ms[len(ms)-1].Cursor
		}
		if err != nil {
			return err
		}
		if err := m.socket.Conn().Drain(ctx, writerBuffer); err != nil {
			return err
		}
	}
}

// upTo returns the messages that are not beyond a cursor of their epoch.
func upTo(ms []transports.Message, at transports.Cursor) []transports.Message {
	for i, m := range ms {
		if m.Epoch != at.Epoch || m.Offset > at.Offset {
			return ms[:i]
		}
	}
	return ms
}

// send writes messages as batches, text and binary apart.
func (m *member) send(ms []transports.Message) error {
	for len(ms) > 0 {
		n := 1
		for n < len(ms) && ms[n].Binary == ms[0].Binary {
			n++
		}
		write := wire.AppendText
		if ms[0].Binary {
			write = wire.AppendBinary
		}
		if err := emit(m.socket.Emit, write(nil, true, ms[:n]), ms[0].Binary); err != nil {
			return err
		}
		ms = ms[n:]
	}
	return nil
}
