package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Node is a server of the lab in a process of its own, which serves every transport.
type Node interface {
	URL() string           // of its HTTP/1.1, without a slash at its end
	Usage() (Usage, error) // an error when it is no longer alive
	Kill()                 // ends it at once
	Close() error          // has it say goodbye to its clients, and end
}

// A Usage is what a process has used until now.
type Usage struct {
	At  time.Time
	CPU time.Duration
	RSS uint64 // bytes
}

// nodeNames are those of the two nodes.
var nodeNames = []string{"a", "b"}

// States of a node.
const (
	up       = "up"
	starting = "starting"
	draining = "draining"
	down     = "down"
)

// A fleet is the two nodes.
type fleet struct {
	server *Server
	work   sync.WaitGroup // draining and starting

	mu    sync.Mutex
	list  []*member
	ended bool
}

type member struct {
	name  string
	state string
	node  Node  // nil when down or starting
	last  Usage // at the last look
	cpu   float64
	rss   uint64
}

func newFleet(s *Server) *fleet {
	f := &fleet{server: s}
	for _, name := range nodeNames {
		f.list = append(f.list, &member{name: name, state: down})
	}
	return f
}

func (f *fleet) startAll(ctx context.Context) error {
	for _, m := range f.list {
		if err := f.start(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// start starts a node that is down.
func (f *fleet) start(ctx context.Context, m *member) error {
	n, err := f.server.o.StartNode(ctx, m.name, f.server.origins)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && f.ended {
		n.Kill()
		err = context.Canceled
	}
	if err != nil {
		m.state = down
		return err
	}
	m.node, m.state, m.last, m.cpu, m.rss = n, up, Usage{}, 0, 0
	return nil
}

// target is where a gate's next connection goes: the first node that is up.
func (f *fleet) target() (addr, name string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.list {
		if m.state == up {
			return strings.TrimPrefix(m.node.URL(), "http://"), m.name, true
		}
	}
	return "", "", false
}

// watch looks at the processes once a second.
func (f *fleet) watch() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.look()
			f.tell()
		case <-f.server.ctx.Done():
			return
		}
	}
}

func (f *fleet) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.list {
		if m.node == nil {
			continue
		}
		now, err := m.node.Usage()
		if err != nil {
			if m.state == up { // it died by itself
				f.server.o.Logger.Error("web: a node has died", "node", m.name, "error", err)
				m.node.Kill() // and is waited for
				m.node, m.state = nil, down
			}
			m.cpu, m.rss = 0, 0
			continue
		}
		if length := now.At.Sub(m.last.At); !m.last.At.IsZero() && length > 0 {
			m.cpu = float64(now.CPU-m.last.CPU) / float64(length)
		}
		m.last, m.rss = now, now.RSS
	}
}

type nodeState struct {
	Name  string  `json:"name"`
	State string  `json:"state"`
	CPU   float64 `json:"cpu"` // of one core
	RSS   uint64  `json:"rss"` // bytes
}

func (f *fleet) event() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	event := struct {
		Type  string      `json:"type"`
		Nodes []nodeState `json:"nodes"`
	}{Type: "nodes"}
	for _, m := range f.list {
		event.Nodes = append(event.Nodes, nodeState{m.name, m.state, m.cpu, m.rss})
	}
	return event
}

func (f *fleet) tell() { f.server.events.send(f.event()) }

// Refusals of a change.
var (
	errNoNode = errors.New("there is no such node")
	errState  = errors.New("the node is not in a state for that")
)

// change does what the page asks of a node. What takes time goes on behind it.
func (f *fleet) change(name, verb string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var m *member
	for _, each := range f.list {
		if each.name == name {
			m = each
		}
	}
	switch {
	case m == nil:
		return errNoNode
	case f.ended:
		return errState
	case verb == "kill" && m.node != nil:
		n := m.node
		m.node, m.state, m.cpu, m.rss = nil, down, 0, 0
		f.work.Go(n.Kill) // ends at once, as the process does
	case verb == "drain" && m.state == up:
		n := m.node
		m.state = draining
		f.work.Go(func() { // ends within the node's budget
			if err := n.Close(); err != nil {
				f.server.o.Logger.Warn("web: draining", "node", name, "error", err)
			}
			f.mu.Lock()
			if m.node == n { // it was not killed meanwhile
				m.node, m.state, m.cpu, m.rss = nil, down, 0, 0
			}
			f.mu.Unlock()
			f.tell()
		})
	case verb == "start" && m.state == down:
		m.state = starting
		f.work.Go(func() { // ends with the start, or s.ctx
			if err := f.start(f.server.ctx, m); err != nil {
				f.server.o.Logger.Error("web: starting", "node", name, "error", err)
			}
			f.tell()
		})
	default:
		return errState
	}
	return nil
}

// close ends all nodes, and waits for those that are starting or draining.
func (f *fleet) close() error {
	f.mu.Lock()
	f.ended = true
	var ends []func()
	for _, m := range f.list {
		if m.node != nil && m.state == up {
			ends = append(ends, m.node.Kill) // their clients are gone: there is nobody to say goodbye to
		}
	}
	f.mu.Unlock()
	for _, end := range ends {
		end()
	}
	f.work.Wait()
	return nil
}

// node answers POST /api/nodes/{name}/{kill|drain|start}.
func (s *Server) node(w http.ResponseWriter, r *http.Request) {
	var none struct{}
	if !read(w, r, &none) {
		return
	}
	switch err := s.nodes.change(r.PathValue("name"), r.PathValue("verb")); {
	case errors.Is(err, errNoNode):
		fail(w, http.StatusNotFound, "not_found", err.Error())
	case err != nil:
		fail(w, http.StatusConflict, "state", err.Error())
	default:
		s.nodes.tell()
		answer(w, http.StatusOK, s.nodes.event())
	}
}
