package adaptertest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"transportlab/socketio/parser"
)

func testEmitToAll(f *fixture) {
	clients := f.everybody()
	for i, n := range f.nodes {
		f.delivers(fmt.Sprintf("from node %d", i), clients, clients, func(event string) error { return n.ns.Emit(f.ctx, event, "x", 1) })
	}
	for _, c := range clients {
		event := f.event()
		f.poll("a volatile event to find its client idle", func() bool {
			f.must(f.nodes[0].ns.All().Volatile().Emit(f.ctx, event))
			return c.Has(event, 1, 50*time.Millisecond)
		})
	}
	f.delivers("uncompressed", clients, clients, func(event string) error { return f.nodes[0].ns.All().Compress(false).Emit(f.ctx, event) })
	sender := f.socket(clients[0])
	f.delivers("to all others", clients, clients[1:], func(event string) error { return sender.Broadcast().Emit(f.ctx, event) })
}

func testSelection(f *fixture) {
	a, b, c := f.connect(0), f.connect(len(f.nodes)/2), f.connect(len(f.nodes)-1)
	a.number, b.number, c.number = 1, 2, 3
	all := []*client{a, b, c}
	f.join(a, "left")
	f.join(b, "left")
	f.join(b, "right")
	f.join(c, "right")
	for _, n := range f.nodes {
		ns := n.ns
		f.delivers("one room", all, []*client{a, b}, func(event string) error { return ns.To("left").Emit(f.ctx, event) })
		f.delivers("two rooms", all, all, func(event string) error { return ns.To("left", "right").Emit(f.ctx, event) })
		f.delivers("no such room", all, nil, func(event string) error { return ns.To("nowhere").Emit(f.ctx, event) })
		f.delivers("all but a room", all, []*client{c}, func(event string) error { return ns.Except("left").Emit(f.ctx, event) })
		f.delivers("a room but another", all, []*client{a}, func(event string) error { return ns.To("left").Except("right").Emit(f.ctx, event) })
		f.delivers("a socket's id", all, []*client{b}, func(event string) error { return ns.To(b.SID).Emit(f.ctx, event) })
		f.delivers("all but a socket", all, []*client{a, c}, func(event string) error { return ns.Except(b.SID).Emit(f.ctx, event) })
		f.delivers("a room and a socket", all, []*client{a, b}, func(event string) error { return ns.To("left", a.SID).Emit(f.ctx, event) })
	}
}

// testRoomNames: the names end up in the names of channels, and a length of 20 is that of a socket's id.
func testRoomNames(f *fixture) {
	clients := f.everybody()
	member := clients[len(clients)-1]
	for _, room := range []string{
		"a", "101", "*", "a*b?[c]", "a#b#", "with space", "\"quoted\"\\", "dessert: crème brûlée 🍮", "exactly-20-chars-long", "exactly-20-chars-lon",
		"ten emojis🍮🍮🍮🍮🍮", strings.Repeat("long", 500),
	} {
		f.join(member, room)
		f.delivers(fmt.Sprintf("room %.40q", room), clients, []*client{member}, func(event string) error {
			return f.nodes[0].ns.To(room).Emit(f.ctx, event)
		})
	}
}

func testBinary(f *fixture) {
	clients := f.everybody()
	big := bytes.Repeat([]byte{0, 1, 2, 255}, 20_000)
	type nested struct {
		Name string `json:"name"`
		Data []byte `json:"data"`
	}
	f.must(f.nodes[0].ns.Emit(f.ctx, "binary", []byte{}, []byte{1, 2, 3}, nested{"ü", big}, []any{1.5, nil, true, -70000}))
	for _, c := range clients {
		if !c.Has("binary", 1, patience) {
			f.Fatalf("client %d got nothing", c.number)
		}
		args := c.All("binary")[0]
		var empty, small []byte
		var n nested
		f.must(errors.Join(args[0].Decode(&empty), args[1].Decode(&small), args[2].Decode(&n)))
		if len(empty) != 0 || len(args[0].Attachments) != 1 || !bytes.Equal(small, []byte{1, 2, 3}) || n.Name != "ü" || !bytes.Equal(n.Data, big) {
			f.Errorf("client %d got %d attachments, %v, and %d bytes in %q", c.number, len(args[0].Attachments), small, len(n.Data), n.Name)
		}
		if got := string(args[3].JSON); got != "[1.5,null,true,-70000]" {
			f.Errorf("client %d got %s", c.number, got)
		}
	}
}

func testOrder(f *fixture) {
	clients := f.everybody()
	const n = 500
	for i := range n {
		f.must(f.nodes[0].ns.Emit(f.ctx, "counted", i))
	}
	for _, c := range clients {
		if !c.Has("counted", n, patience) {
			f.Fatalf("client %d got %d of %d", c.number, c.Times("counted"), n)
		}
		for i, args := range c.All("counted") {
			var got int
			f.must(args[0].Decode(&got))
			if got != i {
				f.Fatalf("client %d got event %d in place %d", c.number, got, i)
			}
		}
	}
}

func testLocal(f *fixture) {
	clients := f.everybody()
	for i, n := range f.nodes {
		f.delivers(fmt.Sprintf("local on node %d", i), clients, clients[i:i+1], func(event string) error { return n.ns.All().Local().Emit(f.ctx, event) })
		sockets, err := n.ns.All().Local().FetchSockets(f.ctx)
		f.must(err)
		if len(sockets) != 1 || sockets[0].ID != clients[i].SID {
			f.Errorf("node %d describes %d local sockets", i, len(sockets))
		}
	}
}

func testNamespaces(f *fixture) {
	clients := f.everybody()
	for _, name := range []string{"/", f.namespace + "2", f.namespace + "#room#", "/*"} {
		other := f.nodes[0].server.Of(name)
		f.delivers("from namespace "+name, clients, nil, func(event string) error { return other.Emit(f.ctx, event) })
	}
}

func testConcurrency(f *fixture) {
	const senders, each = 4, 50
	clients := f.everybody()
	for _, c := range clients {
		f.join(c, "room")
	}
	failures := make(chan error, len(f.nodes)*senders*each)
	var work sync.WaitGroup
	for _, n := range f.nodes {
		for range senders {
			work.Go(func() { // ends after its events
				for i := range each {
					failures <- n.ns.To("room").Emit(f.ctx, "busy", i, []byte{byte(i)})
				}
			})
		}
	}
	// Meanwhile rooms come and go, and sockets are asked for.
	for i, c := range clients {
		s := f.socket(c)
		work.Go(func() { // ends after its rooms
			for j := range each {
				s.Join(fmt.Sprint("passing-", i, "-", j%5))
				s.Leave(fmt.Sprint("passing-", i, "-", (j+3)%5))
			}
		})
	}
	work.Wait()
	close(failures)
	for err := range failures {
		f.must(err)
	}
	want := len(f.nodes) * senders * each
	for _, c := range clients {
		if !c.Has("busy", want, patience) || c.Times("busy") != want {
			f.Errorf("client %d got %d events, want %d", c.number, c.Times("busy"), want)
		}
	}
}

// text returns values as JSON texts, for comparison.
func text(values []parser.Value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v.JSON)
	}
	return list
}
