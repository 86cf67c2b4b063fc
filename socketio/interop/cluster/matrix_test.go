// Package cluster tests that servers of this library and official ones form one cluster: with each adapter, each node
// does each operation, and the clients of all nodes are looked at.
package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/internal/redistest"
	"transportlab/socketio/internal/testclient"
	"transportlab/socketio/parser"
)

// patience is how long the tests wait for what must happen.
const patience = 20 * time.Second

// configurations are the adapters with the options that change the wire.
var configurations = []struct {
	name, adapter, namespace string
	options                  map[string]any
}{
	{"classic", "classic", "/chat", nil},
	{"classic, main namespace", "classic", "/", nil},
	{"classic, own response channels", "classic", "/chat", map[string]any{"publishOnSpecificResponseChannel": true}},
	{"sharded, dynamic", "sharded", "/chat", map[string]any{"subscriptionMode": "dynamic"}},
	{"sharded, static", "sharded", "/chat", map[string]any{"subscriptionMode": "static"}},
	{"sharded, dynamic-private", "sharded", "/chat", map[string]any{"subscriptionMode": "dynamic-private"}},
	{"streams", "streams", "/chat", nil},
	{"streams, four", "streams", "/chat", map[string]any{"streamCount": 4}},
	{"streams, sharded channels", "streams", "/chat", map[string]any{"useShardedPubSub": true}},
	{"streams, four, sharded channels", "streams", "/chat", map[string]any{"streamCount": 4, "useShardedPubSub": true}},
}

func TestMatrix(t *testing.T) {
	for _, c := range configurations {
		t.Run(c.name, func(t *testing.T) {
			server := redistest.Start(t)
			s := setup{Adapter: c.adapter, Redis: []string{server.Addr}, Namespace: c.namespace, Options: c.options}
			runMatrix(newMixture(t, s))
		})
	}
}

func TestMatrixOnRedisCluster(t *testing.T) {
	var addrs []string
	for _, m := range redistest.StartCluster(t) {
		addrs = append(addrs, m.Addr)
	}
	for _, adapter := range []string{"classic", "sharded", "streams"} {
		t.Run(adapter, func(t *testing.T) {
			runMatrix(newMixture(t, setup{Adapter: adapter, Redis: addrs, Cluster: true, Namespace: "/chat"}))
		})
	}
}

// A mixture is a cluster of two servers of this library and two official ones, each with one client.
type mixture struct {
	*testing.T
	ctx     context.Context
	setup   setup
	peers   []peer
	clients []*testclient.Client // of the peers, in their order
	events  int
}

func newMixture(t *testing.T, s setup) *mixture {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	m := &mixture{T: t, ctx: ctx, setup: s}
	for _, name := range []string{"go-1", "node-1", "go-2", "node-2"} {
		s.Name = name
		if strings.HasPrefix(name, "go") {
			m.peers = append(m.peers, startGo(t, s))
		} else {
			m.peers = append(m.peers, startNode(t, s))
		}
	}
	for _, p := range m.peers {
		m.poll(p.name()+" to count four nodes", func() bool {
			n, err := p.do(ctx, command{Op: "count"})
			return err == nil && show(n) == "4"
		})
	}
	for _, p := range m.peers {
		m.clients = append(m.clients, m.dial(p, nil))
	}
	return m
}

// dial connects a client that answers every question with the node's name and what it was asked.
func (m *mixture) dial(p peer, auth any) *testclient.Client {
	m.Helper()
	c, err := testclient.Dial(m, m.ctx, p.url(), m.setup.Namespace, auth)
	if err != nil {
		m.Fatal(err)
	}
	c.SetAnswer(answer(p))
	m.poll("the socket to be there", func() bool {
		ids, ok := m.must(p, command{Op: "sockets"}).([]any)
		return ok && slices.Contains(ids, any(c.SID))
	})
	return c
}

// answer acknowledges with the node's name and what was asked.
func answer(p peer) testclient.AnswerFunc {
	return func(_ string, args []parser.Value) []any {
		return []any{map[string]any{"client": p.name(), "args": plain(args)}}
	}
}

// must carries out a command that succeeds.
func (m *mixture) must(p peer, c command) any {
	m.Helper()
	result, err := p.do(m.ctx, c)
	if err != nil {
		m.Fatalf("%s: %s: %v", p.name(), c.Op, err)
	}
	return result
}

func (m *mixture) poll(what string, done func() bool) {
	m.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.Fatalf("waited in vain for %s", what)
		}
	}
}

func (m *mixture) event() string {
	m.events++
	return fmt.Sprintf("event-%d", m.events)
}

// prepare makes the client of peer i join rooms, and waits until they are reached from everywhere.
func (m *mixture) prepare(i int, rooms ...string) {
	m.Helper()
	m.must(m.peers[i], command{Op: "prepare", Socket: m.clients[i].SID, List: rooms, Data: map[string]any{"of": m.peers[i].name(), "b": []byte{1, 2}}})
	for _, room := range rooms {
		for _, p := range m.peers {
			probe := m.event()
			m.poll(fmt.Sprintf("the route from %s to room %q on %s", p.name(), room, m.peers[i].name()), func() bool {
				m.must(p, command{Op: "emit", Rooms: []string{room}, Event: probe})
				return m.clients[i].Has(probe, 1, 50*time.Millisecond)
			})
		}
	}
}

// reaches broadcasts from a node or an emitter and checks that the clients with these indices get it once with its
// arguments, and no other gets it.
func (m *mixture) reaches(p peer, c command, want ...int) {
	m.Helper()
	c.Op, c.Event = "emit", m.event()
	m.must(p, c)
	for _, i := range want {
		if !m.clients[i].Has(c.Event, 1, patience) {
			m.Errorf("%s to rooms %q except %q: the client of %s got nothing", p.name(), c.Rooms, c.Except, m.peers[i].name())
			return
		}
	}
	fence := m.event()
	m.must(p, command{Op: "emit", Event: fence})
	for i, client := range m.clients {
		if !client.Has(fence, 1, patience) {
			m.Errorf("%s to all: the client of %s got nothing", p.name(), m.peers[i].name())
		}
		expected := 0
		if slices.Contains(want, i) {
			expected = 1
		}
		got := client.All(c.Event)
		if len(got) != expected {
			m.Errorf("%s to rooms %q except %q: the client of %s got it %d times, want %d", p.name(), c.Rooms, c.Except, m.peers[i].name(), len(got), expected)
		}
		for _, values := range got {
			args := plain(values)
			if m.setup.Adapter == "streams" { // the offset comes last
				args = args[:len(args)-1]
			}
			if show(args) != show(append([]any{}, c.Args...)) {
				m.Errorf("%s: the client of %s got %s, want %s", p.name(), m.peers[i].name(), show(args), show(c.Args))
			}
		}
	}
}
