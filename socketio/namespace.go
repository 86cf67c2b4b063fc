package socketio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A Middleware decides whether a socket may join a namespace. It may join rooms and send before it returns. A
// *ConnectError is sent to the client as it is, any other error with its text alone. ctx ends when the client goes.
type Middleware func(ctx context.Context, s *Socket) error

// A ConnectError refuses a client with a message and data of its own.
type ConnectError struct {
	Message string
	Data    any // left out when nil
}

func (e *ConnectError) Error() string { return e.Message }

// A ServerEventHandler answers an event of another node, see Namespace.OnServerEvent.
type ServerEventHandler func(ctx context.Context, args []parser.Value) (reply any, err error)

// A Namespace is a group of sockets with its own handlers, rooms and middlewares. Get it from Server.Of. Its methods may be
// called concurrently; what is registered applies to sockets that come later.
type Namespace struct {
	server  *Server
	name    string
	dynamic bool
	local   *Local
	adapter Adapter
	ackIDs  atomic.Uint64
	ready   sync.Once
	err     error // of making the adapter

	mu           sync.Mutex
	middlewares  []Middleware
	onConnect    []func(*Socket)
	serverEvents map[string][]ServerEventHandler
	arriving     int // sockets between lookup and membership
}

func newNamespace(s *Server, name string) *Namespace {
	ns := &Namespace{server: s, name: name, serverEvents: map[string][]ServerEventHandler{}}
	ns.local = newLocal(ns)
	return ns
}

// open makes the adapter, once. It is done outside of the server's lock because adapters reach over the network.
func (ns *Namespace) open() error {
	ns.ready.Do(func() {
		ns.adapter, ns.err = ns.server.opts.Adapter(ns.local)
		if ns.err != nil {
			ns.err = fmt.Errorf("adapter of namespace %s: %w", ns.name, ns.err)
			return
		}
		if observer, ok := ns.adapter.(RoomObserver); ok {
			ns.local.mu.Lock()
			ns.local.observer = observer
			ns.local.mu.Unlock()
		}
	})
	return ns.err
}

// Name returns the namespace's name, which begins with "/".
func (ns *Namespace) Name() string { return ns.name }

// Use adds a middleware; they run in the order in which they were added, for each socket that wants to join.
func (ns *Namespace) Use(m Middleware) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.middlewares = append(slices.Clip(ns.middlewares), m)
}

// OnConnect adds a function that is called for each socket that has joined, before any of its events is handled. It
// registers the socket's handlers.
func (ns *Namespace) OnConnect(f func(s *Socket)) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.onConnect = append(slices.Clip(ns.onConnect), f)
}

// OnServerEvent adds a handler of events that other nodes send with ServerSideEmit.
func (ns *Namespace) OnServerEvent(event string, h ServerEventHandler) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.serverEvents[event] = append(slices.Clip(ns.serverEvents[event]), h)
}

// Sockets returns the sockets of the namespace that are connected to this node.
func (ns *Namespace) Sockets() []*Socket { return ns.local.selected(BroadcastOptions{}) }

// Socket returns the socket with the id if it is connected to this node, or nil.
func (ns *Namespace) Socket(id string) *Socket {
	ns.local.mu.RLock()
	defer ns.local.mu.RUnlock()
	return ns.local.sockets[id]
}

// All selects every socket of the namespace, on all nodes.
func (ns *Namespace) All() Broadcast { return Broadcast{ns: ns} }

// To selects the sockets that are in any of the rooms.
func (ns *Namespace) To(rooms ...string) Broadcast { return ns.All().To(rooms...) }

// Except selects the sockets that are in none of the rooms.
func (ns *Namespace) Except(rooms ...string) Broadcast { return ns.All().Except(rooms...) }

// Emit sends an event to every socket of the namespace, on all nodes.
func (ns *Namespace) Emit(ctx context.Context, event string, args ...any) error {
	return ns.All().Emit(ctx, event, args...)
}

// ServerCount returns the number of nodes of the cluster.
func (ns *Namespace) ServerCount(ctx context.Context) (int, error) {
	if err := ns.open(); err != nil {
		return 0, err
	}
	if c, ok := ns.adapter.(Cluster); ok {
		return c.ServerCount(ctx)
	}
	return 1, nil
}

var reservedServerEvents = []string{"connect", "connection", "new_namespace"}

// ServerSideEmit sends an event to the namespace on every other node of the cluster.
func (ns *Namespace) ServerSideEmit(ctx context.Context, event string, args ...any) error {
	c, v, err := ns.serverSide(event, args)
	if err != nil {
		return err
	}
	return c.ServerSideEmit(ctx, v)
}

// ServerSideEmitWithAck sends an event to every other node and returns their answers. When ctx ends first it returns those
// that came and an error.
func (ns *Namespace) ServerSideEmitWithAck(ctx context.Context, event string, args ...any) ([]parser.Value, error) {
	c, v, err := ns.serverSide(event, args)
	if err != nil {
		return nil, err
	}
	ctx, cancel := ns.server.ackContext(ctx)
	defer cancel()
	return c.ServerSideEmitWithAck(ctx, v)
}

func (ns *Namespace) serverSide(event string, args []any) (Cluster, parser.Value, error) {
	if slices.Contains(reservedServerEvents, event) {
		return nil, parser.Value{}, fmt.Errorf("emit %q: %w", event, ErrReserved)
	}
	if err := ns.open(); err != nil {
		return nil, parser.Value{}, err
	}
	c, ok := ns.adapter.(Cluster)
	if !ok {
		return nil, parser.Value{}, ErrNotSupported
	}
	v, err := parser.Marshal(append([]any{event}, args...)...)
	return c, v, err
}

// serverEvent handles an event of another node. Its goroutine ends with the handlers.
func (ns *Namespace) serverEvent(event parser.Value, ack func(parser.Value)) {
	name, args, err := event.Event()
	if err != nil {
		ns.server.opts.Logger.Warn("socketio: malformed event from another node", "namespace", ns.name, "error", err)
		return
	}
	ns.mu.Lock()
	handlers := ns.serverEvents[name]
	ns.mu.Unlock()
	ns.server.spawn(func() {
		for _, h := range handlers {
			var reply any
			err := ns.server.guard("server event", func() (err error) {
				reply, err = h(ns.server.ctx, args)
				return err
			})
			if err != nil {
				ns.server.opts.Logger.Warn("socketio: server event handler failed", "event", name, "error", err)
				continue
			}
			if ack == nil {
				continue
			}
			v, err := parser.MarshalOne(reply)
			if err != nil {
				ns.server.opts.Logger.Warn("socketio: reply of a server event cannot be encoded", "event", name, "error", err)
				continue
			}
			ack(v)
			ack = nil
		}
	})
}

func (ns *Namespace) encode(p parser.Packet, f Flags) ([]*engineio.Message, error) {
	return encode(ns.server.opts.Parser, ns.name, p, f)
}

// encode builds the frames of a packet, once for all its receivers.
func encode(format parser.Parser, namespace string, p parser.Packet, f Flags) ([]*engineio.Message, error) {
	p.Namespace = namespace
	var room [1]parser.Frame
	frames, err := format.Encode(room[:0], p)
	if err != nil {
		return nil, err
	}
	out := make([]*engineio.Message, len(frames))
	for i, fr := range frames {
		out[i] = engineio.NewMessage(fr.Data, fr.Binary)
		if f.NoCompress {
			out[i] = out[i].Uncompressed()
		}
	}
	return out, nil
}

// admit asks the middlewares.
func (ns *Namespace) admit(s *Socket) error {
	ns.mu.Lock()
	list := ns.middlewares
	ns.mu.Unlock()
	for _, m := range list {
		if err := ns.server.guard("middleware", func() error { return m(s.ctx, s) }); err != nil {
			return err
		}
	}
	return nil
}

// connected tells the namespace's functions of a new socket.
func (ns *Namespace) connected(s *Socket) {
	ns.mu.Lock()
	list := ns.onConnect
	ns.mu.Unlock()
	if o := ns.server.observer.Load(); o != nil {
		o.Connected(s)
	}
	for _, f := range list {
		_ = ns.server.guard("connect handler", func() error { f(s); return nil }) // guard has logged it
	}
}

func (ns *Namespace) close(ctx context.Context) error {
	if err := ns.open(); err != nil { // it never had an adapter
		return nil
	}
	return ns.adapter.Close(ctx)
}

// Errors of emitting.
var (
	ErrReserved     = errors.New("event name is reserved")
	ErrDisconnected = errors.New("socket has disconnected")
	ErrTooManyAcks  = errors.New("too many acknowledgements are pending")
)
