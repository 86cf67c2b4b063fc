package adaptertest

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A client is a minimal one over WebSocket: it notes what it gets and acknowledges what it is asked.
type client struct {
	number int
	node   *node
	conn   *websocket.Conn
	sid    string
	pid    string

	mu       sync.Mutex
	news     chan struct{} // closed and replaced when something has come
	received []received
	ended    bool                                          // disconnected, from the namespace or altogether
	answer   func(event string, args []parser.Value) []any // nil list: no answer
}

type received struct {
	event string
	args  []parser.Value
}

// connect joins the namespace with a new client of node i.
func (f *fixture) connect(i int) *client { return f.connectWith(i, nil) }

// connectWith also sends credentials, as a client does that wants its session back.
func (f *fixture) connectWith(i int, auth any) *client {
	f.Helper()
	n := f.nodes[i]
	url := strings.Replace(n.http.URL, "http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
	conn, _, err := websocket.Dial(f.ctx, url, nil)
	f.must(err)
	conn.SetReadLimit(1 << 24)
	c := &client{number: i, node: n, conn: conn, news: make(chan struct{})}
	c.answer = func(string, []parser.Value) []any { return []any{i} }
	done := make(chan struct{})
	f.Cleanup(func() {
		conn.CloseNow()
		<-done
	})
	go func() { // ends with the connection
		defer close(done)
		c.read()
	}()
	connect := parser.Packet{Type: parser.Connect, Namespace: f.namespace}
	if auth != nil {
		connect.Data, err = parser.MarshalOne(auth)
		f.must(err)
	}
	f.must(c.send(connect))
	f.poll("a client to be connected", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.sid != "" || c.ended
	})
	if c.sid == "" {
		f.Fatal("a client was refused")
	}
	f.poll("the socket to be there", func() bool { return n.ns.Socket(c.sid) != nil })
	return c
}

// socket returns the client's socket on its node.
func (c *client) socket(f *fixture) *socketio.Socket {
	f.Helper()
	s := c.node.ns.Socket(c.sid)
	if s == nil {
		f.Fatalf("client %d has no socket", c.number)
	}
	return s
}

// drop cuts the connection without a word.
func (c *client) drop() { c.conn.CloseNow() }

func (c *client) send(p parser.Packet) error {
	frames, err := parser.JSON{}.Encode(nil, p)
	for _, frame := range frames {
		if err != nil {
			return err
		}
		kind, data := websocket.MessageText, engineio.AppendPacket(nil, engineio.Packet{Type: engineio.MessagePacket, Data: frame.Data})
		if frame.Binary {
			kind, data = websocket.MessageBinary, frame.Data
		}
		err = c.conn.Write(context.Background(), kind, data)
	}
	return err
}

// read takes what the server sends until the connection ends.
func (c *client) read() {
	decoder := parser.JSON{}.NewDecoder(0)
	for {
		kind, data, err := c.conn.Read(context.Background())
		if err != nil {
			c.note(func() { c.ended = true })
			return
		}
		packet, err := engineio.DecodeFrame(data, kind == websocket.MessageBinary)
		if err != nil {
			panic(err) // the server under test has broken the protocol
		}
		switch packet.Type {
		case engineio.Ping:
			_ = c.conn.Write(context.Background(), websocket.MessageText, []byte("3")) // the next Read tells
		case engineio.MessagePacket:
			p, complete, err := decoder.Decode(parser.Frame{Data: packet.Data, Binary: kind == websocket.MessageBinary})
			if err != nil {
				panic(err)
			}
			if complete {
				c.take(p)
			}
		}
	}
}

func (c *client) take(p parser.Packet) {
	switch p.Type {
	case parser.Connect:
		var answer struct{ SID, PID string }
		if err := json.Unmarshal(p.Data.JSON, &answer); err != nil {
			panic(err)
		}
		c.note(func() { c.sid, c.pid = answer.SID, answer.PID })
	case parser.ConnectError, parser.Disconnect:
		c.note(func() { c.ended = true })
	case parser.Event:
		name, args, err := p.Data.Event()
		if err != nil {
			panic(err)
		}
		c.note(func() { c.received = append(c.received, received{name, args}) })
		if !p.HasID {
			return
		}
		if answer := c.answer(name, args); answer != nil {
			data, err := parser.Marshal(answer...)
			if err != nil {
				panic(err)
			}
			_ = c.send(parser.Packet{Type: parser.Ack, Namespace: p.Namespace, ID: p.ID, HasID: true, Data: data})
		}
	}
}

func (c *client) note(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.news)
	c.news = make(chan struct{})
}

// wait waits for news until done is true, and reports whether it became so in time.
func (c *client) wait(done func() bool, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		c.mu.Lock()
		ok, news := done(), c.news
		c.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-news:
		case <-timer.C:
			return false
		}
	}
}

// has reports whether an event has come so many times, and waits for it.
func (c *client) has(event string, times int, limit time.Duration) bool {
	return c.wait(func() bool { return c.count(event) >= times }, limit)
}

// gone reports whether the client has been disconnected, and waits for it.
func (c *client) gone() bool { return c.wait(func() bool { return c.ended }, patience) }

// times returns how often an event has come.
func (c *client) times(event string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count(event)
}

func (c *client) count(event string) int {
	n := 0
	for _, r := range c.received {
		if r.event == event {
			n++
		}
	}
	return n
}

// all returns the arguments of all events of a name, in the order in which they came.
func (c *client) all(event string) [][]parser.Value {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list [][]parser.Value
	for _, r := range c.received {
		if r.event == event {
			list = append(list, r.args)
		}
	}
	return list
}

// last returns the last argument of the last event, which is where recovery puts the offset.
func (c *client) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var offset string
	if n := len(c.received); n > 0 {
		if args := c.received[n-1].args; len(args) > 0 {
			_ = args[len(args)-1].Decode(&offset) // no string: no offset
		}
	}
	return offset
}
