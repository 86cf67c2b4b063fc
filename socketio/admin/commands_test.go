package admin

import (
	"context"
	"slices"
	"testing"

	"transportlab/socketio"
	"transportlab/socketio/client"
)

// A member is a client that notes what it hears.
type member struct {
	*client.Socket
	heard chan string
	gone  chan client.Reason
}

func (n *node) member(namespace string) *member {
	n.t.Helper()
	m := &member{n.socket(namespace, onWebSocket), make(chan string, 100), make(chan client.Reason, 1)}
	m.OnAny(func(_ context.Context, e *client.Event) error {
		text := e.Name
		for _, v := range e.Args {
			text += " " + string(v.JSON)
		}
		m.heard <- text
		return nil
	})
	m.OnDisconnect(func(r client.Reason, _ error) { m.gone <- r })
	connect(n.t, m.Socket)
	return m
}

func (m *member) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-m.heard:
		if got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	case <-deadline(t).Done():
		t.Fatalf("did not hear %q", want)
	}
}

func (m *member) leaves(t *testing.T, want client.Reason) {
	t.Helper()
	select {
	case got := <-m.gone:
		if got != want {
			t.Errorf("left because of %q, want %q", got, want)
		}
	case <-deadline(t).Done():
		t.Fatal("the socket stays")
	}
}

func (n *node) rooms(namespace string, m *member) []string {
	return n.server.Of(namespace).Socket(m.ID()).Rooms()[1:]
}

func TestCommandsReachOneRoomOrAll(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	n.server.Of("/chat")
	p := n.page(nil)
	one, two := n.member("/chat"), n.member("/chat")

	p.command("emit", "/chat", one.ID(), "to one", 1, map[string]int{"a": 2})
	one.expect(t, `to one 1 {"a":2}`)
	p.command("emit", "/chat", nil, "to all")
	one.expect(t, "to all")
	two.expect(t, "to all")

	p.command("join", "/chat", "tea", one.ID())
	p.command("join", "/chat", "coffee")
	eventually(t, "rooms are joined", func() bool {
		return slices.Equal(n.rooms("/chat", one), []string{"tea", "coffee"}) && slices.Equal(n.rooms("/chat", two), []string{"coffee"})
	})
	p.command("emit", "/chat", "tea", "to a room")
	one.expect(t, "to a room")
	p.command("leave", "/chat", "coffee", "tea")
	eventually(t, "a room is left by one", func() bool {
		return slices.Equal(n.rooms("/chat", one), []string{"tea"}) && slices.Equal(n.rooms("/chat", two), []string{"coffee"})
	})
	p.command("join", "/chat", "coffee")
	p.command("leave", "/chat", "coffee")
	eventually(t, "a room is left by all", func() bool { return len(n.rooms("/chat", one)) == 1 && len(n.rooms("/chat", two)) == 0 })

	p.command("_disconnect", "/chat", false, one.ID())
	one.leaves(t, client.ReasonServerDisconnect)
	p.command("_disconnect", "/chat", true)
	two.leaves(t, client.ReasonServerDisconnect)
	if len(two.heard) != 0 {
		t.Errorf("the other heard %q", <-two.heard)
	}
}

func TestMistakenCommandsDoNothing(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	p := n.page(nil)
	one := n.member("/")
	for _, c := range [][]any{
		{"_disconnect"}, {"_disconnect", "/", false, 5}, {"_disconnect", "/", "yes"}, {"_disconnect", 1, true}, {"_disconnect", nil, true},
		{"_disconnect", "/", false, []string{one.ID()}}, {"join", "/"}, {"join", "/", nil}, {"join", "/", "x", map[string]int{}}, {"leave", "/"},
		{"leave", "/", 7}, {"emit", "/"}, {"emit", "/", nil}, {"emit", "/", nil, 5}, {"emit", "/", 5, "x"}, {"emit", "/", nil, "disconnect"},
		{"emit", "/typo", nil, "x"}, {"join", "/typo", "x"}, {"emit"}, {"unknown", "/"},
	} {
		p.command(c[0].(string), c[1:]...)
	}
	p.command("emit", "/", nil, "still there") // handled after all the others
	one.expect(t, "still there")
	if len(one.gone) != 0 || len(n.rooms("/", one)) != 0 || len(n.server.Namespaces()) != 2 {
		t.Errorf("gone %d, rooms %v, %d namespaces", len(one.gone), n.rooms("/", one), len(n.server.Namespaces()))
	}
}

func TestReadOnlyPagesCommandNothing(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true, ReadOnly: true})
	p := n.page(nil)
	one := n.member("/")
	p.command("emit", "/", nil, "x")
	p.command("join", "/", "x")
	p.command("_disconnect", "/", true)
	done := make(chan struct{})
	n.server.Of("/admin").Sockets()[0].OnEvent("done", func(context.Context, *socketio.Event) error { close(done); return nil })
	p.command("done")
	select {
	case <-done:
	case <-deadline(t).Done():
		t.Fatal("the page is not heard")
	}
	if err := n.server.Of("/").Emit(t.Context(), "after"); err != nil {
		t.Fatal(err)
	}
	one.expect(t, "after")
	if len(one.gone) != 0 || len(n.rooms("/", one)) != 0 {
		t.Error("a command was obeyed")
	}
}
