package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

func testFetchSockets(f *fixture) {
	first := f.nodes[0].ns
	if sockets, err := first.All().FetchSockets(f.ctx); err != nil || len(sockets) != 0 {
		f.Fatalf("an empty cluster has %d sockets, error %v", len(sockets), err)
	}
	clients := f.everybody()
	for i, c := range clients {
		s := f.socket(c)
		s.Join(fmt.Sprint("room-", i), "all")
		s.SetData(map[string]any{"number": i, "secret": []byte{byte(i), 255}})
	}
	for _, n := range f.nodes {
		sockets, err := n.ns.All().FetchSockets(f.ctx)
		f.must(err)
		if len(sockets) != len(clients) {
			f.Fatalf("%d sockets, want %d", len(sockets), len(clients))
		}
		for i, c := range clients {
			at := slices.IndexFunc(sockets, func(s socketio.RemoteSocket) bool { return s.ID == c.SID })
			if at < 0 {
				f.Fatalf("socket of client %d is missing", i)
			}
			s := sockets[at]
			slices.Sort(s.Rooms)
			rooms := []string{c.SID, fmt.Sprint("room-", i), "all"}
			slices.Sort(rooms)
			var data struct{ Number int }
			if !slices.Equal(s.Rooms, rooms) || s.Data.Decode(&data) != nil || data.Number != i {
				f.Errorf("client %d: rooms %v, data %s", i, s.Rooms, s.Data.JSON)
			}
			if !reflect.DeepEqual(s.Handshake, f.socket(c).Handshake()) {
				f.Errorf("client %d: handshake %+v, want %+v", i, s.Handshake, f.socket(c).Handshake())
			}
		}
		if some, err := n.ns.To("room-0", "nowhere").FetchSockets(f.ctx); err != nil || len(some) != 1 || some[0].ID != clients[0].SID {
			f.Errorf("a room has %d sockets, error %v", len(some), err)
		}
		if some, err := n.ns.To("all").Except("room-0").FetchSockets(f.ctx); err != nil || len(some) != len(clients)-1 {
			f.Errorf("all but one are %d sockets, error %v", len(some), err)
		}
	}
}

// inRoom waits until exactly these clients are in a room.
func (f *fixture) inRoom(room string, clients, want []*client) {
	f.Helper()
	for _, c := range clients {
		should := slices.Contains(want, c)
		f.poll(fmt.Sprintf("client %d in room %q: %v", c.number, room, should), func() bool {
			return slices.Contains(f.socket(c).Rooms(), room) == should
		})
	}
}

func testJoinLeave(f *fixture) {
	clients := f.everybody()
	one := clients[len(clients)-1]
	ns := f.nodes[0].ns
	f.must(ns.All().SocketsJoin(f.ctx, "a", "b"))
	f.inRoom("a", clients, clients)
	f.inRoom("b", clients, clients)
	f.must(ns.To(one.SID).SocketsLeave(f.ctx, "a"))
	f.inRoom("a", clients, clients[:len(clients)-1])
	f.must(ns.Except("a").SocketsJoin(f.ctx, "c"))
	f.inRoom("c", clients, []*client{one})
	f.must(ns.To("b").SocketsLeave(f.ctx, "b", "nowhere"))
	f.inRoom("b", clients, nil)
}

func testDisconnect(f *fixture) {
	clients := append(f.everybody(), f.everybody()...)
	half := len(clients) / 2
	for _, c := range clients[:half] {
		f.socket(c).Join("going")
	}
	ns := f.nodes[0].ns
	f.must(ns.To("going").DisconnectSockets(f.ctx, false))
	for _, c := range clients[:half] {
		if !c.Gone(patience) {
			f.Errorf("client %d is still connected", c.number)
		}
	}
	f.poll("the others to remain", func() bool {
		sockets, err := ns.All().FetchSockets(f.ctx)
		return err == nil && len(sockets) == len(clients)-half
	})
	f.must(ns.All().DisconnectSockets(f.ctx, true))
	for _, c := range clients[half:] {
		if !c.Gone(patience) {
			f.Errorf("client %d is still connected", c.number)
		}
	}
}

func testRemoteSocket(f *fixture) {
	clients := f.everybody()
	far := clients[len(clients)-1]
	sockets, err := f.nodes[0].ns.To(far.SID).FetchSockets(f.ctx)
	f.must(err)
	if len(sockets) != 1 {
		f.Fatalf("%d sockets with one id", len(sockets))
	}
	remote := sockets[0].Select()
	f.delivers("to a remote socket", clients, []*client{far}, func(event string) error { return remote.Emit(f.ctx, event) })
	answers, err := remote.EmitWithAck(f.ctx, "question")
	if err != nil || !slices.Equal(text(answers), []string{fmt.Sprint(far.number)}) {
		f.Errorf("answers %v, error %v", text(answers), err)
	}
	f.must(remote.SocketsJoin(f.ctx, "room"))
	f.inRoom("room", clients, []*client{far})
	f.must(remote.DisconnectSockets(f.ctx, true))
	if !far.Gone(patience) {
		f.Error("the remote socket is still connected")
	}
}

func testServerSideEmit(f *fixture) {
	heard := make([]atomic.Int32, len(f.nodes))
	for i, n := range f.nodes {
		n.ns.OnServerEvent("news", func(_ context.Context, args []parser.Value) (any, error) {
			if slices.Equal(text(args), []string{`"x"`, "1", `{"a":[]}`}) {
				heard[i].Add(1)
			}
			return nil, nil
		})
	}
	for round := range f.nodes {
		f.must(f.nodes[round].ns.ServerSideEmit(f.ctx, "news", "x", 1, map[string]any{"a": []int{}}))
	}
	want := int32(len(f.nodes) - 1) // all but its own
	for i := range heard {
		f.poll(fmt.Sprintf("node %d to hear the others", i), func() bool { return heard[i].Load() >= want })
	}
	// An event that is answered comes after the others, and their own would have come by now.
	for i, n := range f.nodes {
		n.ns.OnServerEvent("fence", func(context.Context, []parser.Value) (any, error) { return nil, nil })
		_ = i
	}
	for _, n := range f.nodes {
		_, err := n.ns.ServerSideEmitWithAck(f.ctx, "fence")
		f.must(err)
	}
	for i := range heard {
		if got := heard[i].Load(); got != want {
			f.Errorf("node %d heard %d events, want %d", i, got, want)
		}
	}
}

func testServerSideAnswers(f *fixture) {
	for i, n := range f.nodes {
		n.ns.OnServerEvent("who", func(_ context.Context, args []parser.Value) (any, error) {
			return map[string]any{"node": i}, nil
		})
		n.ns.OnServerEvent("nothing", func(context.Context, []parser.Value) (any, error) { return nil, nil })
		if i != 0 {
			n.ns.OnServerEvent("partly", func(context.Context, []parser.Value) (any, error) {
				if i == len(f.nodes)-1 {
					return nil, errors.New("no answer")
				}
				return i, nil
			})
		}
	}
	for i, n := range f.nodes {
		answers, err := n.ns.ServerSideEmitWithAck(f.ctx, "who")
		f.must(err)
		var want []string
		for j := range f.nodes {
			if j != i {
				want = append(want, fmt.Sprintf(`{"node":%d}`, j))
			}
		}
		got := text(answers)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			f.Errorf("node %d got %v, want %v", i, got, want)
		}
		if answers, err = n.ns.ServerSideEmitWithAck(f.ctx, "nothing"); err != nil || len(answers) != len(f.nodes)-1 {
			f.Errorf("answers without a value: %d, error %v", len(answers), err)
		}
	}
	ctx, cancel := context.WithTimeout(f.ctx, 300*time.Millisecond)
	defer cancel()
	answers, err := f.nodes[0].ns.ServerSideEmitWithAck(ctx, "partly")
	if !errors.Is(err, context.DeadlineExceeded) || len(answers) > len(f.nodes)-2 {
		f.Errorf("answers %v, error %v", text(answers), err)
	}
}

func testLeavingNode(f *fixture) {
	f.everybody()
	last := len(f.nodes) - 1
	f.must(f.nodes[last].server.Close())
	f.nodes = f.nodes[:last]
	f.count(last)
	sockets, err := f.nodes[0].ns.All().FetchSockets(f.ctx)
	if err != nil || len(sockets) != last {
		f.Errorf("%d sockets, error %v", len(sockets), err)
	}
	if answers, err := f.nodes[0].ns.All().EmitWithAck(f.ctx, "question"); err != nil || len(answers) != last {
		f.Errorf("%d answers, error %v", len(answers), err)
	}
	f.addNode()
	f.count(last + 1)
	late := f.connect(last)
	f.must(f.nodes[0].ns.Emit(f.ctx, "welcome"))
	if !late.Has("welcome", 1, patience) {
		f.Error("a node that came later hears nothing")
	}
}
