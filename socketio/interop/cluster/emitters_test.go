package cluster

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio/emitter"
	"transportlab/socketio/internal/redistest"
)

// An emitterPeer is no node: it only sends, from a process without a server.
type emitterPeer struct {
	title string
	emit  func(ctx context.Context, c command) error
}

func (p emitterPeer) name() string { return p.title }
func (p emitterPeer) url() string  { return "" }

func (p emitterPeer) do(ctx context.Context, c command) (any, error) { return nil, p.emit(ctx, c) }

// goEmitter sends with this library.
func goEmitter(e emitter.Emitter) emitterPeer {
	return emitterPeer{"the emitter of this library", func(ctx context.Context, c command) error {
		to := e.To(c.Rooms...).Except(c.Except...)
		switch c.Op {
		case "emit":
			return to.Emit(ctx, c.Event, c.Args...)
		case "join":
			return to.SocketsJoin(ctx, c.List...)
		case "leave":
			return to.SocketsLeave(ctx, c.List...)
		case "disconnect":
			return to.DisconnectSockets(ctx, c.Close)
		case "side":
			return e.ServerSideEmit(ctx, c.Event, c.Args...)
		}
		return errors.ErrUnsupported
	}}
}

// nodeEmitter sends with the official emitter, inside the process of an official node.
func nodeEmitter(node peer) emitterPeer {
	return emitterPeer{"the official emitter", func(ctx context.Context, c command) error {
		c.Op = "emitter-" + c.Op
		_, err := node.do(ctx, c)
		return err
	}}
}

func TestEmitters(t *testing.T) {
	t.Run("classic", func(t *testing.T) {
		s := setup{Adapter: "classic", Redis: []string{redistest.Start(t).Addr}, Namespace: "/chat"}
		m := newMixture(t, s)
		m.prepareRooms()
		m.emitters(goEmitter(emitter.New(newRedis(t, s), emitter.Options{}).Of("chat")))
		m.emitters(nodeEmitter(m.peers[1]))
	})
	// Both emitters for streams are ours: of the official one the tests have only what it writes.
	t.Run("streams", func(t *testing.T) {
		s := setup{Adapter: "streams", Redis: []string{redistest.Start(t).Addr}, Namespace: "/chat"}
		m := newMixture(t, s)
		m.prepareRooms()
		client := newRedis(t, s)
		m.emitters(goEmitter(emitter.NewStreams(client, emitter.StreamsOptions{}).Of("chat")))
		add := func(kind, data string) {
			t.Helper()
			err := client.XAdd(m.ctx, &redis.XAddArgs{
				Stream: "socket.io", Values: []string{"uid", "emitter", "nsp", "/chat", "type", kind, "data", data},
			}).Err()
			if err != nil {
				t.Fatal(err)
			}
		}
		add("3", `{"packet":{"type":2,"data":["as written",1],"nsp":"/chat"},"opts":{"rooms":["room-0"],"except":[],"flags":{}}}`)
		add("9", `{"packet":["side","as written"]}`)
		for _, i := range []int{0, 2} {
			if !m.clients[i].Has("as written", 1, patience) {
				t.Errorf("the client of %s got nothing", m.peers[i].name())
			}
		}
		m.hears([]any{"side", "as written"})
	})
	t.Run("streams, four", func(t *testing.T) {
		s := setup{Adapter: "streams", Redis: []string{redistest.Start(t).Addr}, Namespace: "/chat", Options: map[string]any{"streamCount": 4}}
		m := newMixture(t, s)
		m.prepareRooms()
		m.emitters(goEmitter(emitter.NewStreams(newRedis(t, s), emitter.StreamsOptions{StreamCount: 4}).Of("/chat")))
	})
}

// prepareRooms puts the clients into room-0 and room-1 in turn.
func (m *mixture) prepareRooms() {
	m.Helper()
	for i := range m.peers {
		m.prepare(i, []string{"room-0", "room-1"}[i%2])
	}
}

// emitters checks everything that an emitter can do.
func (m *mixture) emitters(e emitterPeer) {
	m.Helper()
	m.reaches(e, command{}, 0, 1, 2, 3)
	m.reaches(e, command{Args: payload}, 0, 1, 2, 3)
	m.reaches(e, command{Rooms: []string{"room-0"}, Args: payload}, 0, 2)
	m.reaches(e, command{Rooms: []string{"room-0", "room-1"}, Except: []string{"room-1"}}, 0, 2)
	m.reaches(e, command{Rooms: []string{m.clients[1].SID}}, 1)
	must := func(c command) {
		m.Helper()
		if _, err := e.do(m.ctx, c); err != nil {
			m.Fatalf("%s: %s: %v", e.title, c.Op, err)
		}
	}
	must(command{Op: "join", Rooms: []string{"room-1"}, List: []string{"joined"}})
	m.rooms("joined", 1, 3)
	must(command{Op: "leave", Rooms: []string{m.clients[1].SID}, List: []string{"joined"}})
	m.rooms("joined", 3)
	must(command{Op: "leave", List: []string{"joined"}})
	m.rooms("joined")
	must(command{Op: "side", Event: "side", Args: []any{e.title}})
	m.hears([]any{"side", e.title})
	c := m.dial(m.peers[1], nil)
	d := m.dial(m.peers[2], nil)
	must(command{Op: "disconnect", Rooms: []string{c.SID, d.SID}, Close: true})
	if !c.Gone(patience) || !d.Gone(patience) {
		m.Errorf("%s: clients are still connected", e.title)
	}
}

// hears waits until every node has heard an event.
func (m *mixture) hears(event []any) {
	m.Helper()
	for _, p := range m.peers {
		m.poll(p.name()+" to hear "+show(event), func() bool {
			heard, _ := m.must(p, command{Op: "heard"}).([]any)
			return slices.ContainsFunc(heard, func(h any) bool { return show(h) == show(event) })
		})
	}
}
