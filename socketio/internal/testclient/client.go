// Package testclient is a minimal Socket.IO client over WebSocket for tests: it notes what it gets and acknowledges what it
// is asked. It does not reconnect, upgrade or hide anything.
package testclient

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A Client is one connection in one namespace. Its methods may be called concurrently.
type Client struct {
	SID, PID string // set by Dial

	conn      *websocket.Conn
	namespace string

	mu       sync.Mutex
	news     chan struct{} // closed and replaced when something has come
	received []Event
	answer   AnswerFunc
	sid, pid string
	ended    bool // disconnected, from the namespace or altogether
}

// An AnswerFunc returns an acknowledgement's arguments; nil is no answer.
type AnswerFunc func(event string, args []parser.Value) []any

// An Event is what a client has got.
type Event struct {
	Name string
	Args []parser.Value
}

// ErrRefused means that the server did not let the client into the namespace.
var ErrRefused = errors.New("connection refused by the namespace")

// Dial connects to the server at an http URL and joins the namespace, with credentials unless auth is nil. The test's end
// cuts the connection.
func Dial(t testing.TB, ctx context.Context, url, namespace string, auth any) (*Client, error) {
	conn, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 24)
	c := &Client{conn: conn, namespace: namespace, news: make(chan struct{})}
	c.SetAnswer(func(string, []parser.Value) []any { return nil })
	done := make(chan struct{})
	t.Cleanup(func() {
		conn.CloseNow()
		<-done
	})
	go func() { // ends with the connection
		defer close(done)
		c.read()
	}()
	connect := parser.Packet{Type: parser.Connect, Namespace: namespace}
	if auth != nil {
		if connect.Data, err = parser.MarshalOne(auth); err != nil {
			return nil, err
		}
	}
	if err := c.send(connect); err != nil {
		return nil, err
	}
	limit := time.Minute
	if deadline, ok := ctx.Deadline(); ok {
		limit = time.Until(deadline)
	}
	c.wait(func() bool { return c.sid != "" || c.ended }, limit)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sid == "" {
		return nil, ErrRefused
	}
	c.SID, c.PID = c.sid, c.pid
	return c, nil
}

// SetAnswer says how to acknowledge from now on; without it the client is silent.
func (c *Client) SetAnswer(f AnswerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = f
}

// Drop cuts the connection without a word.
func (c *Client) Drop() { c.conn.CloseNow() }

func (c *Client) send(p parser.Packet) error {
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
func (c *Client) read() {
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

func (c *Client) take(p parser.Packet) {
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
		c.note(func() { c.received = append(c.received, Event{name, args}) })
		if !p.HasID {
			return
		}
		c.mu.Lock()
		f := c.answer
		c.mu.Unlock()
		if answer := f(name, args); answer != nil {
			data, err := parser.Marshal(answer...)
			if err != nil {
				panic(err)
			}
			_ = c.send(parser.Packet{Type: parser.Ack, Namespace: p.Namespace, ID: p.ID, HasID: true, Data: data})
		}
	}
}

func (c *Client) note(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.news)
	c.news = make(chan struct{})
}

// wait waits for news until done is true, and reports whether it became so in time.
func (c *Client) wait(done func() bool, limit time.Duration) bool {
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

// Has reports whether an event has come so many times, and waits for it.
func (c *Client) Has(event string, times int, limit time.Duration) bool {
	return c.wait(func() bool { return c.count(event) >= times }, limit)
}

// Gone reports whether the client has been disconnected, and waits for it.
func (c *Client) Gone(limit time.Duration) bool { return c.wait(func() bool { return c.ended }, limit) }

// Times returns how often an event has come.
func (c *Client) Times(event string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count(event)
}

func (c *Client) count(event string) int {
	n := 0
	for _, r := range c.received {
		if r.Name == event {
			n++
		}
	}
	return n
}

// All returns the arguments of all events of a name, in the order in which they came.
func (c *Client) All(event string) [][]parser.Value {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list [][]parser.Value
	for _, r := range c.received {
		if r.Name == event {
			list = append(list, r.Args)
		}
	}
	return list
}

// Last returns the last argument of the last event, which is where recovery puts the offset.
func (c *Client) Last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var offset string
	if n := len(c.received); n > 0 {
		if args := c.received[n-1].Args; len(args) > 0 {
			_ = args[len(args)-1].Decode(&offset) // no string: no offset
		}
	}
	return offset
}
