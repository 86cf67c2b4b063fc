package adaptertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"transportlab/socketio"
)

// session is what a client sends to get its session back.
type session struct {
	PID    string `json:"pid"`
	Offset string `json:"offset"`
}

// away connects a client to the first node, with a session that knows an offset, and drops it.
func (f *fixture) away() (*client, session) {
	f.Helper()
	c := f.connect(0)
	s := f.socket(c)
	s.Join("room", "other")
	s.SetData(map[string]any{"name": "ü", "b": []byte{1}})
	f.must(f.nodes[0].ns.Emit(f.ctx, "before", 1))
	if !c.Has("before", 1, patience) {
		f.Fatal("the client got nothing")
	}
	was := session{c.PID, c.Last()}
	if was.PID == "" || was.Offset == "" {
		f.Fatalf("session %+v", was)
	}
	kept := make(chan struct{})
	s.OnDisconnect(func(socketio.Reason, error) { close(kept) })
	c.Drop()
	<-kept
	return c, was
}

// testOneOrder: an offset stands for everything before it.
func testOneOrder(f *fixture) {
	const senders, each = 4, 25
	clients := f.everybody()
	want := senders * each * len(f.nodes)
	failures := make(chan error, want)
	var work sync.WaitGroup
	for i, n := range f.nodes {
		for j := range senders {
			work.Go(func() { // ends after its events
				for k := range each {
					failures <- n.ns.Emit(f.ctx, "ordered", fmt.Sprint(i, " ", j, " ", k))
				}
			})
		}
	}
	work.Wait()
	close(failures)
	for err := range failures {
		f.must(err)
	}
	var first []string
	for i, c := range clients {
		if !c.Has("ordered", want, patience) || c.Times("ordered") != want {
			f.Fatalf("client %d got %d events, want %d", i, c.Times("ordered"), want)
		}
		var order []string
		for _, args := range c.All("ordered") {
			order = append(order, strings.Join(text(args), " "))
		}
		if i == 0 {
			first = order
			continue
		}
		for k := range order {
			if order[k] != first[k] {
				f.Fatalf("event %d is %s for client %d and %s for client 0", k, order[k], i, first[k])
			}
		}
	}
}

func testRecovery(f *fixture) {
	c, was := f.away()
	last := f.nodes[len(f.nodes)-1].ns
	for _, n := range f.nodes {
		f.must(n.ns.Emit(f.ctx, "missed", "to all"))
		f.must(n.ns.To("room").Emit(f.ctx, "missed", "to room", []byte{1, 2}))
		f.must(n.ns.To(c.SID).Emit(f.ctx, "missed", "to socket"))
		f.must(n.ns.To("another").Emit(f.ctx, "missed", "WRONG: to another room"))
		f.must(n.ns.Except("other").Emit(f.ctx, "missed", "WRONG: except its room"))
		f.must(n.ns.All().Volatile().Emit(f.ctx, "missed", "WRONG: volatile"))
	}
	f.must(f.nodes[0].server.Of(f.namespace+"2").Emit(f.ctx, "missed", "WRONG: other namespace"))
	var back *client
	f.poll("the session to be there", func() bool {
		back = f.connectWith(len(f.nodes)-1, was)
		if back.SID != c.SID { // it is being kept while the client is back already
			back.Drop()
		}
		return back.SID == c.SID
	})
	if back.PID != c.PID || !f.socket(back).Recovered() {
		f.Errorf("pid %q, recovered %v", back.PID, f.socket(back).Recovered())
	}
	want := 3 * len(f.nodes)
	if !back.Has("missed", want, patience) {
		f.Fatalf("got %d of %d", back.Times("missed"), want)
	}
	for i, args := range back.All("missed") {
		if got, wanted := string(args[0].JSON), []string{`"to all"`, `"to room"`, `"to socket"`}[i%3]; got != wanted {
			f.Errorf("event %d is %s, want %s", i, got, wanted)
		}
	}
	rooms := f.socket(back).Rooms()
	slices.Sort(rooms)
	if wanted := []string{c.SID, "other", "room"}; len(rooms) != 3 || !slices.Contains(rooms, "room") || !slices.Contains(rooms, c.SID) {
		f.Errorf("rooms %v, want %v", rooms, wanted)
	}
	var data struct {
		Name string
		B    []byte
	}
	if err := f.socket(back).DecodeData(&data); err != nil || data.Name != "ü" || len(data.B) != 1 {
		f.Errorf("data %+v, error %v", data, err)
	}
	f.delivers("after recovery", []*client{back}, []*client{back}, func(event string) error { return last.To("room").Emit(f.ctx, event) })
	if got := back.Times("missed"); got != want {
		f.Errorf("got %d events that were missed, want %d", got, want)
	}
}

func testRecoveryRefused(f *fixture) {
	c, was := f.away()
	for name, wrong := range map[string]session{
		"unknown pid":      {"AAAAAAAAAAAAAAAAAAAA", was.Offset},
		"malformed offset": {"BBBBBBBBBBBBBBBBBBBB", "$"},
		"range as offset":  {"BBBBBBBBBBBBBBBBBBBB", "(0-0"},
		"no pid":           {"", was.Offset},
	} {
		if other := f.connectWith(0, wrong); other.SID == c.SID || other.PID == c.PID || f.socket(other).Recovered() {
			f.Errorf("%s: recovered", name)
		}
	}
	f.poll("the session to be recovered", func() bool {
		back := f.connectWith(0, was)
		if back.SID != c.SID {
			back.Drop()
		}
		return back.SID == c.SID
	})
	if again := f.connectWith(0, was); again.SID == c.SID || again.PID == c.PID {
		f.Error("recovered twice")
	}
}
