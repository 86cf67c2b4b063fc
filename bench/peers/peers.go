package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"transportlab/bench/fleet"
)

// A peer is a server that is held against the others: what it is, and how a client greets it.
type peer struct {
	name    string                                                                               // in tables
	of      string                                                                               // module or npm package whose version is printed; "" is this project
	opening fleet.Opening                                                                        // without Addr
	publish func(addr string, client *http.Client, message []byte) error                         // nil: POST /publish
	task    func(ctx context.Context, config json.RawMessage, in io.Reader, out io.Writer) error // in a child; nil for those of Node
	script  string                                                                               // of Node
}

// Greetings of protocols with one of their own.
var (
	socketIO   = []string{"40"}                    // CONNECT to the default namespace
	centrifugo = []string{`{"id":1,"connect":{}}`} // its server subscribes whoever connects
)

// peers are all of them. Each does what its own documentation shows: one topic, everybody hears everything.
// Ours does more: the lab's arms store every message in a log, with an offset, an idempotency key, and a cursor
// to resume at.
func peers() []peer {
	socket, sse, engine := fleet.Opening{Path: "/ws", WebSocket: true}, fleet.Opening{Path: "/sse"}, "/socket.io/?EIO=4&transport=websocket"
	return []peer{
		{name: "transportlab websocket", opening: fleet.Opening{Path: "/websocket/a", WebSocket: true}, task: serveArms, publish: appendMessage},
		{name: "transportlab streaming", opening: fleet.Opening{Path: "/streaming/a"}, task: serveArms, publish: appendMessage},
		{name: "transportlab socketio", opening: fleet.Opening{Path: engine, WebSocket: true, Say: socketIO}, task: serveTask(socketioServer)},
		{name: "gws", of: "github.com/lxzan/gws", opening: socket, task: serveTask(gwsServer)},
		{name: "gorilla/websocket", of: "github.com/gorilla/websocket", opening: socket, task: serveTask(gorillaServer)},
		{name: "coder/websocket", of: "github.com/coder/websocket", opening: socket, task: serveTask(coderServer)},
		{name: "centrifuge", of: "github.com/centrifugal/centrifuge", opening: fleet.Opening{Path: "/ws", WebSocket: true, Say: centrifugo}, task: serveTask(centrifugeServer)},
		{name: "tmaxmax/go-sse", of: "github.com/tmaxmax/go-sse", opening: sse, task: serveTask(tmaxmaxServer)},
		{name: "r3labs/sse", of: "github.com/r3labs/sse/v2", opening: fleet.Opening{Path: "/sse?stream=a"}, task: serveTask(r3labsServer)},
		{name: "net/http", opening: sse, task: serveTask(plainServer)},
		{name: "Node ws", of: "ws", opening: socket, script: "ws.mjs"},
		{name: "Node socket.io", of: "socket.io", opening: fleet.Opening{Path: engine, WebSocket: true, Say: socketIO}, script: "socketio.mjs"},
	}
}

// id is a peer's name as a child's task.
func (p peer) id() string { return strings.NewReplacer(" ", "-", "/", "-").Replace(p.name) }

// version is that of the module a peer is from, as this program was built.
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == module {
			return strings.TrimPrefix(d.Version, "v")
		}
	}
	return ""
}
