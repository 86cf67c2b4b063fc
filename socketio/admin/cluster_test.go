package admin

import (
	"context"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/internal/redistest"
	"transportlab/socketio/redisadapter"
)

// newCluster returns two nodes with a page on the first.
func newCluster(t *testing.T) (north, south *node, p *page) {
	rdb := redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr})
	t.Cleanup(func() { rdb.Close() })
	member := func(id string) *node {
		adapter := redisadapter.New(rdb, redisadapter.Options{Timeout: 5 * time.Second})
		n := newNode(t, socketio.Options{Adapter: adapter}, Options{NoAuth: true, ServerID: id})
		n.server.OfMatch(regexp.MustCompile(`^/room-\d+$`)).OnConnect(func(s *socketio.Socket) { s.SetData(map[string]string{"node": id}) })
		return n
	}
	north, south = member("north"), member("south")
	return north, south, north.page(nil)
}

func TestAPageSeesAndCommandsTheWholeCluster(t *testing.T) {
	north, south, p := newCluster(t)
	p.wait("server_stats", field("serverId", "north"))
	p.wait("server_stats", field("serverId", "south"))

	far := south.member("/")
	p.wait("socket_connected", field("id", far.ID()))
	p.wait("room_joined", starts("/", far.ID(), far.ID()))
	late := north.page(nil)
	h := late.wait("all_sockets", nil)
	list, _ := h.args[0].([]any)
	at := slices.IndexFunc(list, func(one any) bool { return one.(map[string]any)["id"] == far.ID() })
	if at < 0 {
		t.Fatalf("the other node's socket is not in %v", list)
	}
	d := list[at].(map[string]any)
	engine := south.server.Of("/").Socket(far.ID()).Conn().ID()
	if d["clientId"] != engine[:12] || d["transport"] != "websocket" || !same(d["data"], map[string]any{}) || !same(d["rooms"], []string{far.ID()}) {
		t.Errorf("the other node's socket is %v", d)
	}

	p.command("join", "/", "tea", far.ID())
	p.wait("room_joined", starts("/", "tea", far.ID()))
	p.command("emit", "/", "tea", "hot")
	far.expect(t, "hot")
	p.command("leave", "/", "tea")
	p.wait("room_left", starts("/", "tea", far.ID()))
	id := far.ID()
	p.command("_disconnect", "/", false, id)
	far.leaves(t, client.ReasonServerDisconnect)
	p.wait("socket_disconnected", starts("/", id, "server namespace disconnect"))
}

func TestCommandsReachADynamicNamespaceOfAnotherNode(t *testing.T) {
	north, south, p := newCluster(t)
	far := south.member("/room-7")
	p.wait("socket_connected", field("id", far.ID()))
	if slices.ContainsFunc(north.server.Namespaces(), func(ns *socketio.Namespace) bool { return ns.Name() == "/room-7" }) {
		t.Fatal("the namespace is here already")
	}
	p.command("emit", "/room-7", nil, "hello")
	far.expect(t, "hello")
}

func TestWithoutTheOtherNodesAPageSeesThisOne(t *testing.T) {
	broken := func(local *socketio.Local) (socketio.Adapter, error) { return &brokenCluster{local: local}, nil }
	n := newNode(t, socketio.Options{Adapter: broken}, Options{NoAuth: true})
	one := n.join("/")
	p := n.pageSocket(nil)
	connect(t, p.Socket)
	h := p.wait("all_sockets", nil)
	list, _ := h.args[0].([]any)
	if len(list) != 2 || !slices.ContainsFunc(list, func(d any) bool { return d.(map[string]any)["id"] == one.ID() }) {
		t.Errorf("sockets %v", list)
	}
}

// A brokenCluster answers only what concerns this node.
type brokenCluster struct {
	recorder
	local *socketio.Local
}

func (b *brokenCluster) FetchSockets(_ context.Context, o socketio.BroadcastOptions) ([]socketio.SocketInfo, error) {
	if o.Flags.Local {
		return b.local.FetchSockets(o)
	}
	return nil, context.DeadlineExceeded
}
