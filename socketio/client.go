package socketio

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A client is one connection and its sockets, one in each namespace that it has joined. It is the handler of an Engine.IO
// session.
type client struct {
	server  *Server
	conn    *engineio.Socket
	decoder parser.Decoder // used by Message alone

	mu      sync.Mutex
	sockets []*Socket // arriving and connected ones; few, so a list
	timer   *time.Timer
	closed  bool
}

func (s *Server) connect(conn *engineio.Socket) engineio.Handler {
	c := &client{server: s, conn: conn, decoder: s.opts.Parser.NewDecoder(s.opts.MaxAttachments)}
	c.timer = time.AfterFunc(s.opts.ConnectTimeout, conn.Close)
	return c
}

// Started implements engineio.Starter. A client of protocol version 4 is in the namespace "/" without asking.
func (c *client) Started() {
	if c.old() {
		_ = c.arrive(parser.Packet{Type: parser.Connect, Namespace: "/"}) // fails only by refusing, which needs namespaces
	}
}

// old reports whether the client speaks version 4 of the Socket.IO protocol, which goes with version 3 of Engine.IO: no
// credentials but a query in the namespace, no payload in CONNECT, ids made from the session's, any JSON as an error.
func (c *client) old() bool { return c.conn.Protocol() == 3 }

// splitNamespace takes the query out of the namespace of an old client's CONNECT, as its credentials.
func splitNamespace(name string) (namespace string, auth parser.Value, err error) {
	namespace, text, _ := strings.Cut(name, "?")
	values, _ := url.ParseQuery(text) // what is well-formed, as in Handshake.Query
	query := make(map[string]string, len(values))
	for key, list := range values {
		query[key] = list[len(list)-1]
	}
	auth, err = parser.MarshalOne(query)
	return namespace, auth, err
}

// joined stops the clock that a client has for joining its first namespace.
func (c *client) joined() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// Message implements engineio.Handler. An error closes the connection.
func (c *client) Message(data []byte, binary bool) error {
	p, complete, err := c.decoder.Decode(parser.Frame{Data: data, Binary: binary})
	if err != nil || !complete {
		return err
	}
	if p.Type == parser.Connect && c.old() {
		if p.Namespace, p.Data, err = splitNamespace(p.Namespace); err != nil {
			return err
		}
	}
	s := c.socket(p.Namespace)
	if s == nil {
		if p.Type != parser.Connect {
			return fmt.Errorf("%v for a namespace that was not joined", p.Type)
		}
		return c.arrive(p)
	}
	return s.receive(p)
}

func (c *client) socket(namespace string) *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace == namespace {
			return s
		}
	}
	return nil
}

// Closed implements engineio.Handler.
func (c *client) Closed(reason engineio.Reason, err error) {
	c.mu.Lock()
	c.closed = true
	list := slices.Clone(c.sockets)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	for _, s := range list {
		s.end(reason, err)
	}
}

// arrive begins to admit the client to a namespace.
func (c *client) arrive(p parser.Packet) error {
	s := newSocket(c, p)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	full := len(c.sockets) >= c.server.opts.MaxNamespaces
	if !full {
		c.sockets = append(c.sockets, s)
	}
	c.mu.Unlock()
	if full {
		return s.refuse(&ConnectError{Message: "Too many namespaces"})
	}
	s.enqueue(task{run: s.admission(p.Data)})
	return nil
}

func (c *client) remove(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets = slices.DeleteFunc(c.sockets, func(other *Socket) bool { return other == s })
}

// disconnect leaves every namespace and closes the connection.
func (c *client) disconnect() {
	c.mu.Lock()
	list := slices.Clone(c.sockets)
	c.mu.Unlock()
	for _, s := range list {
		s.Disconnect(false)
	}
	c.conn.Close()
}
