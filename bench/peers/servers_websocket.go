package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/centrifugal/centrifuge"
	coder "github.com/coder/websocket"
	"github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	"transportlab/socketio"
)

// A crowd is connected clients of any kind.
type crowd[C comparable] struct {
	mu      sync.Mutex
	members map[C]bool
}

func (c *crowd[C]) add(member C) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members == nil {
		c.members = map[C]bool{}
	}
	c.members[member] = true
}

func (c *crowd[C]) remove(member C) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, member)
}

func (c *crowd[C]) each(f func(C)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for member := range c.members {
		f(member)
	}
}

// gorillaServer gives each client a queue and a goroutine that writes from it, and prepares a message once
// for all, as the library's documentation advises.
func gorillaServer() server {
	type client chan *websocket.PreparedMessage
	var clients crowd[client]
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	serve := func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		queue := make(client, 256)
		clients.add(queue)
		gone := make(chan struct{})
		go func() { // ends with the connection
			defer close(gone)
			for {
				if _, _, err := conn.NextReader(); err != nil {
					return
				}
			}
		}()
		defer func() {
			clients.remove(queue)
			conn.Close()
			<-gone
		}()
		for {
			select {
			case m := <-queue:
				if conn.WritePreparedMessage(m) != nil {
					return
				}
			case <-gone:
				return
			}
		}
	}
	return server{map[string]http.Handler{"GET /ws": http.HandlerFunc(serve)}, func(message []byte) {
		prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, message)
		if err != nil {
			return
		}
		clients.each(func(c client) { c <- prepared })
	}}
}

// gwsServer uses the library's own Broadcaster.
func gwsServer() server {
	h := &gwsHandler{}
	upgrader := gws.NewUpgrader(h, &gws.ServerOption{})
	serve := func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		go conn.ReadLoop() // ends with the connection; the request's own stack is given back
	}
	return server{map[string]http.Handler{"GET /ws": http.HandlerFunc(serve)}, func(message []byte) {
		b := gws.NewBroadcaster(gws.OpcodeText, message)
		defer b.Close()
		h.clients.each(func(c *gws.Conn) { _ = b.Broadcast(c) }) // a client that has gone is taken out by OnClose
	}}
}

type gwsHandler struct {
	gws.BuiltinEventHandler
	clients crowd[*gws.Conn]
}

func (h *gwsHandler) OnOpen(c *gws.Conn)           { h.clients.add(c) }
func (h *gwsHandler) OnClose(c *gws.Conn, _ error) { h.clients.remove(c) }

// coderServer writes to one client after the other.
func coderServer() server {
	var clients crowd[*coder.Conn]
	serve := func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, nil)
		if err != nil {
			return
		}
		clients.add(c)
		<-c.CloseRead(r.Context()).Done()
		clients.remove(c)
	}
	return server{map[string]http.Handler{"GET /ws": http.HandlerFunc(serve)}, func(message []byte) {
		clients.each(func(c *coder.Conn) { _ = c.Write(context.Background(), coder.MessageText, message) }) // as above
	}}
}

// centrifugeServer subscribes everybody to one channel. Its messages are JSON, so the text stands in quotes.
func centrifugeServer() server {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError, ClientChannelLimit: 10})
	if err != nil {
		panic(err) // the settings above are fixed
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}, Subscriptions: map[string]centrifuge.SubscribeOptions{"a": {}}}, nil
	})
	if err := node.Run(); err != nil {
		panic(err)
	}
	ws := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{PingPongConfig: centrifuge.PingPongConfig{PingInterval: -1}})
	return server{map[string]http.Handler{"GET /ws": ws}, func(message []byte) {
		_, _ = node.Publish("a", fmt.Appendf(nil, "%q", message)) // the memory broker does not fail
	}}
}

// socketioServer is this project's Socket.IO library, used as the official one is in socketio.mjs.
func socketioServer() server {
	s := socketio.NewServer(socketio.Options{})
	s.Of("/").OnConnect(func(*socketio.Socket) {})
	return server{map[string]http.Handler{"/socket.io/": s}, func(message []byte) {
		_ = s.Of("/").Emit(context.Background(), "m", string(message)) // a string can be encoded
	}}
}
