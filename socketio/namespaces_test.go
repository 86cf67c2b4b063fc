package socketio

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/parser"
)

func TestMiddlewaresDecideInOrder(t *testing.T) {
	l := newLab(t, Options{})
	ns := l.server.Of("/")
	var r record
	ns.Use(func(ctx context.Context, s *Socket) error {
		r.add("first")
		s.Join("left behind")
		return s.Emit(ctx, "early")
	})
	ns.Use(func(_ context.Context, s *Socket) error {
		var auth struct{ Fail string }
		if err := s.Handshake().DecodeAuth(&auth); err != nil {
			return err
		}
		switch auth.Fail {
		case "plain":
			return errors.New("plain text")
		case "data":
			return &ConnectError{Message: "with data", Data: map[string]int{"code": 1}}
		case "panic":
			panic("on purpose")
		}
		return nil
	})
	ns.Use(func(context.Context, *Socket) error { r.add("last"); return nil })
	for _, c := range [][2]string{
		{"plain", `4{"message":"plain text"}`}, {"data", `4{"message":"with data","data":{"code":1}}`}, {"panic", `4{"message":"middleware panicked"}`},
	} {
		line := l.dial()
		line.say(`0{"fail":"` + c[0] + `"}`)
		line.expect(`2["early"]`)
		line.expect(c[1])
		line.say(`0{"fail":"plain"}`) // may be tried again on the same connection
		line.expect(`2["early"]`)
		line.expect(`4{"message":"plain text"}`)
	}
	if ns.local.HasRoom("left behind") {
		t.Error("a refused socket is still in its room")
	}
	if strings.Contains(r.String(), "last") {
		t.Error("a middleware runs after one that refused")
	}
	line := l.dial()
	line.say(`0`)
	line.expect(`2["early"]`)
	line.hear()
	if !ns.local.HasRoom("left behind") {
		t.Error("a socket that was let in has lost its room")
	}
}

func TestFirstDynamicNamespaceThatMatchesTakesTheName(t *testing.T) {
	l := newLab(t, Options{CleanupEmptyNamespaces: true})
	var r record
	for _, name := range []string{"one", "two", "three"} {
		d := l.server.OfMatch(regexp.MustCompile(`^/dynamic-\d+$`))
		d.OnConnect(func(s *Socket) { r.add(name + s.Namespace().Name()) })
	}
	byAuth := l.server.OfFunc(func(_ context.Context, name string, auth parser.Value) bool {
		var a struct{ Key string }
		return auth.Decode(&a) == nil && a.Key == name
	})
	line := l.join("/dynamic-1")
	r.become(t, "one/dynamic-1")
	if l.server.Of("/dynamic-1").dynamic != true || len(byAuth.Children()) != 0 {
		t.Error("the namespace is not the first's child")
	}
	other := l.dial()
	other.say(`0/x,{"Key":"/y"}`)
	other.expect(`4/x,{"message":"Invalid namespace"}`)
	other.say(`0/x,{"Key":"/x"}`)
	other.hear()
	if err := byAuth.Emit(t.Context(), "news"); err != nil {
		t.Fatal(err)
	}
	other.expect(`2/x,["news"]`)
	_ = line.c.CloseNow()
	eventually(t, func() bool {
		l.server.mu.Lock()
		defer l.server.mu.Unlock()
		return l.server.namespaces["/dynamic-1"] == nil
	}, func() string { return "the empty namespace stays" })
	l.join("/dynamic-1")
}

// crowd joins sockets named by their auth, each in the rooms that its name spells.
func crowd(t *testing.T, o Options, names ...string) (*lab, map[string]*line) {
	l := newLab(t, o)
	l.server.Of("/").OnConnect(func(s *Socket) {
		answerEcho(s)
		var name string
		if err := s.Handshake().DecodeAuth(&struct{ Name *string }{&name}); err != nil {
			t.Error(err)
		}
		s.SetData(name)
		s.Join(strings.Split(name, "")...)
		_ = s.Emit(s.Context(), "ready")
	})
	lines := map[string]*line{}
	for _, name := range names {
		lines[name] = l.join(`{"name":"` + name + `"}`)
		lines[name].expect(`2["ready"]`)
	}
	return l, lines
}

func TestBroadcastsReachTheUnionOnceAndNobodyElse(t *testing.T) {
	l, lines := crowd(t, Options{}, "a", "b", "ab", "c")
	ns := l.server.Of("/")
	self := ns.local.selected(BroadcastOptions{Rooms: []string{"c"}})[0]
	for _, c := range []struct {
		name string
		to   Broadcast
		want string
	}{
		{"everyone", ns.All(), "a ab b c"},
		{"one room", ns.To("a"), "a ab"},
		{"union", ns.To("a", "b"), "a ab b"},
		{"union by chaining", ns.To("a").In("b"), "a ab b"},
		{"except", ns.To("a").Except("b"), "a"},
		{"except only", ns.Except("a"), "b c"},
		{"no such room", ns.To("nobody"), ""},
		{"own room of a socket", ns.To(self.ID()), "c"},
		{"own room and another", ns.To(self.ID(), "c"), "c"},
		{"others", self.Broadcast(), "a ab b"},
		{"others of rooms", self.To("b", "c"), "ab b"},
		{"local", ns.All().Local(), "a ab b c"},
	} {
		if err := c.to.Emit(t.Context(), "x", c.name, []byte{1}); err != nil {
			t.Fatal(err)
		}
		for name, line := range lines {
			if slices.Contains(strings.Fields(c.want), name) {
				line.expect(`51-["x","` + c.name + `",{"_placeholder":true,"num":0}]`)
				line.expect("\x01")
			}
			line.silence()
		}
		sockets, err := c.to.FetchSockets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, s := range sockets {
			var name string
			if err := s.Data.Decode(&name); err != nil {
				t.Error(err)
			}
			found = append(found, name)
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != c.want {
			t.Errorf("%s: fetched %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSocketsAreMovedTogether(t *testing.T) {
	l, lines := crowd(t, Options{}, "a", "b", "ab")
	ns, ctx := l.server.Of("/"), t.Context()
	emit := func(room, want string) {
		t.Helper()
		if err := ns.To(room).Emit(ctx, "x"); err != nil {
			t.Fatal(err)
		}
		for name, line := range lines {
			if slices.Contains(strings.Fields(want), name) {
				line.expect(`2["x"]`)
			}
			line.silence()
		}
	}
	if err := errors.Join(ns.To("a").SocketsJoin(ctx, "n", "m"), ns.To("b").SocketsLeave(ctx, "n")); err != nil {
		t.Fatal(err)
	}
	emit("n", "a")
	emit("m", "a ab")
	own := ns.Sockets()[0]
	own.Leave(own.ID())
	emit(own.ID(), "")
	if l.server.Of("/").local.HasRoom(own.ID()) {
		t.Error("a room that nobody is in is there")
	}
	own.Join(own.ID())
	if rooms := own.Rooms(); rooms[0] != own.ID() {
		t.Errorf("rooms %v", rooms)
	}
	if err := ns.To("b").DisconnectSockets(ctx, false); err != nil {
		t.Fatal(err)
	}
	lines["b"].expect(`1`)
	lines["ab"].expect(`1`)
	lines["a"].silence()
}

func TestBroadcastWithAcknowledgements(t *testing.T) {
	l, lines := crowd(t, Options{}, "a", "b", "c")
	ns := l.server.Of("/")
	type result struct {
		answers []parser.Value
		err     error
	}
	results := make(chan result, 1)
	ask := func(b Broadcast) {
		go func() { // ends with the answers
			v, err := b.EmitWithAck(context.Background(), "q")
			results <- result{v, err}
		}()
	}
	ask(ns.All())
	for i, name := range []string{"a", "b", "c"} {
		lines[name].expect(`20["q"]`)
		lines[name].say([]string{`30["x","ignored"]`, `30[]`, `30[{"y":1}]`}[i])
	}
	r := <-results
	var texts []string
	for _, v := range r.answers {
		texts = append(texts, string(v.JSON))
	}
	slices.Sort(texts)
	if got := fmt.Sprint(texts); r.err != nil || len(texts) != 3 || got != `[ "x" {"y":1}]` {
		t.Errorf("got %s, %v", got, r.err)
	}
	ask(ns.To("a", "b").Timeout(100 * time.Millisecond))
	lines["a"].expect(`21["q"]`)
	lines["b"].expect(`21["q"]`)
	lines["a"].say(`31[1]`)
	r = <-results
	if !errors.Is(r.err, context.DeadlineExceeded) || len(r.answers) != 1 {
		t.Errorf("partly answered: %v", r)
	}
	eventually(t, func() bool {
		for _, s := range ns.Sockets() {
			s.mu.Lock()
			n := len(s.acks)
			s.mu.Unlock()
			if n > 0 {
				return false
			}
		}
		return true
	}, func() string { return "acknowledgements are awaited for ever" })
	ask(ns.To("nobody"))
	if r := <-results; r.err != nil || len(r.answers) != 0 {
		t.Errorf("nobody: %v", r)
	}
}

func TestVolatileIsDroppedWhenNoPollWaits(t *testing.T) {
	l := newLab(t, Options{})
	arrived := make(chan *Socket, 1)
	l.server.Of("/").OnConnect(func(s *Socket) { arrived <- s })
	get := func(query, body string) string {
		method := "GET"
		if body != "" {
			method = "POST"
		}
		return l.http(method, "/socket.io/?EIO=4&transport=polling"+query, body)
	}
	sid, _, _ := strings.Cut(strings.TrimPrefix(get("", ""), `0{"sid":"`), `"`)
	get("&sid="+sid, "40")
	get("&sid="+sid, "")
	s := <-arrived
	ctx := t.Context()
	if err := errors.Join(s.Volatile().Emit(ctx, "dropped"), s.Namespace().All().Volatile().Emit(ctx, "dropped"), s.Emit(ctx, "kept")); err != nil {
		t.Fatal(err)
	}
	if got := get("&sid="+sid, ""); got != `42["kept"]` {
		t.Errorf("got %s", got)
	}
}
