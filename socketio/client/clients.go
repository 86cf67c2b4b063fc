package client

import (
	"context"
	"errors"
	"net/url"
	"sync"

	engine "transportlab/socketio/engineio/client"
)

// Clients shares connections: sockets of different namespaces of one server get one Manager, as with the official io()
// function. The zero value is ready. Its methods may be called concurrently. Close must be called at the end.
type Clients struct {
	mu     sync.Mutex
	shared map[string]*Manager
	all    []*Manager
	closed bool
}

// Socket returns a socket for the namespace that is the path of target, over a Manager that is shared with earlier sockets
// of the same scheme, host, port and Options.Path. A namespace that has a socket already gets a Manager of its own, and so
// does any with Options.ForceNew. Of a shared Manager the options are those of its first socket. Target's query is used when
// Options.Query is empty.
func (c *Clients) Socket(target string, o Options, so SocketOptions) (*Socket, error) {
	u, err := engine.ParseTarget(target)
	if err != nil {
		return nil, err
	}
	namespace := u.Path
	if namespace == "" {
		namespace = "/"
	}
	if len(o.Query) == 0 {
		o.Query = u.Query()
	}
	key := u.Scheme + "://" + u.Hostname() + ":" + port(u) + o.withDefaults().Path
	u.Path, u.RawPath, u.RawQuery, u.Fragment = "", "", "", ""

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	m := c.shared[key]
	if m == nil || o.ForceNew || m.has(namespace) {
		own, err := New(u.String(), o)
		if err != nil {
			return nil, err
		}
		c.all = append(c.all, own)
		if m == nil && !o.ForceNew {
			if c.shared == nil {
				c.shared = map[string]*Manager{}
			}
			c.shared[key] = own
		}
		m = own
	}
	return m.Socket(namespace, so), nil
}

// Close closes every Manager.
func (c *Clients) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	all := c.all
	c.mu.Unlock()
	var errs []error
	for _, m := range all {
		errs = append(errs, m.Close(ctx))
	}
	return errors.Join(errs...)
}

// has reports whether there is a socket for the namespace.
func (m *Manager) has(namespace string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sockets[namespace] != nil
}

// port returns the port of an address, given or implied.
func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
