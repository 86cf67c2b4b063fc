package adaptertest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/internal/testclient"
	"transportlab/socketio/parser"
)

// A fixture is a cluster and one namespace in it.
type fixture struct {
	*testing.T
	kit       Kit
	ctx       context.Context // of the test
	namespace string
	nodes     []*node
	events    int
}

// A client is connected to one of the nodes.
type client struct {
	*testclient.Client
	number int
	node   *node
}

type node struct {
	server *socketio.Server
	ns     *socketio.Namespace
	http   *httptest.Server
}

// notInNamespaces keeps a test's name from meaning something in a packet or a channel.
var notInNamespaces = regexp.MustCompile(`[^A-Za-z0-9]+`)

func newFixture(t *testing.T, k Kit) *fixture {
	f := &fixture{T: t, kit: k, namespace: "/" + notInNamespaces.ReplaceAllString(t.Name(), "-")}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	f.ctx = ctx
	for range k.Nodes {
		f.addNode()
	}
	f.count(k.Nodes)
	return f
}

// addNode starts one more node.
func (f *fixture) addNode() *node {
	o := socketio.Options{Adapter: f.kit.Adapter(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if f.kit.Recovery {
		o.Recovery = &socketio.RecoveryOptions{}
	}
	n := &node{server: socketio.NewServer(o)}
	n.ns = n.server.Of(f.namespace)
	n.http = httptest.NewServer(n.server)
	f.nodes = append(f.nodes, n)
	f.Cleanup(n.close)
	if _, err := n.ns.ServerCount(f.ctx); err != nil {
		f.Fatal(err)
	}
	return n
}

func (n *node) close() {
	_ = n.server.Close() // a second time in some tests
	n.http.Close()
}

// count waits until every node knows of so many.
func (f *fixture) count(want int) {
	f.Helper()
	for i, n := range f.nodes {
		f.poll(fmt.Sprintf("node %d to count %d nodes", i, want), func() bool {
			got, err := n.ns.ServerCount(f.ctx)
			return err == nil && got == want
		})
	}
}

// poll waits until done is true.
func (f *fixture) poll(what string, done func() bool) {
	f.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.Fatalf("waited in vain for %s", what)
		}
	}
}

// must ends the test on an error.
func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// event returns a name that no event had before.
func (f *fixture) event() string {
	f.events++
	return fmt.Sprintf("event-%d", f.events)
}

// everybody connects one client to each node.
func (f *fixture) everybody() []*client {
	f.Helper()
	clients := make([]*client, len(f.nodes))
	for i := range clients {
		clients[i] = f.connect(i)
	}
	return clients
}

// connect joins the namespace with a new client of node i. It answers with its number.
func (f *fixture) connect(i int) *client { return f.connectWith(i, nil) }

// connectWith also sends credentials, as a client does that wants its session back.
func (f *fixture) connectWith(i int, auth any) *client {
	f.Helper()
	n := f.nodes[i]
	dialled, err := testclient.Dial(f, f.ctx, n.http.URL, f.namespace, auth)
	f.must(err)
	c := &client{Client: dialled, number: i, node: n}
	c.SetAnswer(func(string, []parser.Value) []any { return []any{i} })
	f.poll("the socket to be there", func() bool { return n.ns.Socket(c.SID) != nil })
	return c
}

// socket returns the client's socket on its node.
func (f *fixture) socket(c *client) *socketio.Socket {
	f.Helper()
	s := c.node.ns.Socket(c.SID)
	if s == nil {
		f.Fatalf("client %d has no socket", c.number)
	}
	return s
}

// join makes a client's socket join a room, and waits until broadcasts to the room reach it from every node: nodes may take
// a moment to hear that somebody is there.
func (f *fixture) join(c *client, room string) {
	f.Helper()
	f.socket(c).Join(room)
	for i, n := range f.nodes {
		probe := f.event()
		f.poll(fmt.Sprintf("the route from node %d to room %q", i, room), func() bool {
			f.must(n.ns.To(room).Emit(f.ctx, probe))
			return c.Has(probe, 1, 50*time.Millisecond)
		})
	}
}

// delivers emits an event and checks that it reaches the clients in want, each once, and nobody else.
func (f *fixture) delivers(what string, clients, want []*client, emit func(event string) error) {
	f.Helper()
	event := f.event()
	if err := emit(event); err != nil {
		f.Fatalf("%s: %v", what, err)
	}
	for _, c := range want {
		if !c.Has(event, 1, patience) {
			f.Fatalf("%s: client %d did not get it", what, c.number)
		}
	}
	// What else was under way arrives before an event to all that is sent later.
	for _, n := range f.nodes {
		fence := f.event()
		f.must(n.ns.Emit(f.ctx, fence))
		for _, c := range clients {
			if !c.Has(fence, 1, patience) {
				f.Fatalf("%s: client %d did not get the event to all after it", what, c.number)
			}
		}
	}
	for _, c := range clients {
		expected := 0
		if slices.Contains(want, c) {
			expected = 1
		}
		if got := c.Times(event); got != expected {
			f.Errorf("%s: client %d got it %d times, want %d", what, c.number, got, expected)
		}
	}
}
