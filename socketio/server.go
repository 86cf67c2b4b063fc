// Package socketio is a Socket.IO server: protocol version 5 over Engine.IO version 4, interoperable with the official
// JavaScript client and, through adapters, with clusters of the official server. With Options.Engine.AllowEIO3 it serves
// clients of Socket.IO 2 too. Semantics are the official server's; the API is Go's: typed handlers, contexts, errors, and no
// event emitter.
//
//	server := socketio.NewServer(socketio.Options{})
//	server.Of("/").OnConnect(func(s *socketio.Socket) {
//		socketio.On(s, "chat", func(ctx context.Context, text string) (string, error) {
//			return "got it", s.Broadcast().Emit(ctx, "chat", text)
//		})
//	})
//	http.Handle("/socket.io/", server)
//
// # From Node's API
//
//	new Server(opts)                       NewServer(Options{…}), an http.Handler
//	io.on("connection", f)                 server.Of("/").OnConnect(f)
//	io.of("/x"); io.of(/^\/x-\d+$/); f     server.Of("/x"); OfMatch(expr); OfFunc(matcher)
//	io.use((socket, next) => …)            server.Of("/").Use(func(ctx, socket) error): an error refuses
//	socket.on("e", (a, ack) => ack(b))     On(socket, "e", func(ctx, a A) (B, error)): the result is the acknowledgement
//	socket.on("e", (a) => …)               OnMessage(socket, "e", func(ctx, a A) error)
//	socket.on("e", (...args) => …)         socket.OnEvent("e", func(ctx, *Event) error)
//	socket.onAny(f), onAnyOutgoing(f)      socket.OnAny(f), OnAnyOutgoing(f)
//	socket.use(([event, ...args], next))   socket.Use(func(ctx, *Event) error)
//	socket.on("disconnecting"|"disconnect")  socket.OnDisconnecting(f), OnDisconnect(f)
//	socket.emit("e", a)                    socket.Emit(ctx, "e", a)
//	socket.emitWithAck("e", a)             socket.EmitWithAck(ctx, "e", a), or Request[B](ctx, socket, "e", a)
//	socket.timeout(ms)                     a ctx with a deadline
//	socket.volatile, socket.compress(b)    socket.Volatile(), Compress(b)
//	socket.join(r), leave(r), rooms        socket.Join(r), Leave(r), Rooms()
//	socket.to(r), socket.broadcast         socket.To(r), Broadcast()
//	io.emit, io.to(r).except(s).emit       namespace.Emit, To(r).Except(s).Emit
//	io.local, io.volatile, io.timeout(ms)  namespace.All().Local(), Volatile(), Timeout(d)
//	io.timeout(ms).emitWithAck("e")        namespace.All().Timeout(d).EmitWithAck(ctx, "e")
//	io.in(r).fetchSockets()                namespace.To(r).FetchSockets(ctx)
//	io.in(r).socketsJoin/Leave             namespace.To(r).SocketsJoin/SocketsLeave(ctx, rooms…)
//	io.in(r).disconnectSockets(close)      namespace.To(r).DisconnectSockets(ctx, close)
//	io.serverSideEmit(e), …WithAck         namespace.ServerSideEmit(ctx, e), ServerSideEmitWithAck
//	io.on("e", f) from other servers       namespace.OnServerEvent("e", f)
//	io.on("new_namespace", f)              server.OnNewNamespace(f)
//	socket.data, handshake, recovered      socket.Data()/SetData(v), Handshake(), Recovered()
//	socket.disconnect(close), conn         socket.Disconnect(close), Conn()
//	io.close()                             server.Drain(ctx, spread), then Close()
package socketio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A Server is an http.Handler. Close or Drain must be called at the end. Its methods may be called concurrently.
type Server struct {
	opts     Options
	engine   *engineio.Server
	ctx      context.Context // the server's life
	cancel   context.CancelFunc
	work     sync.WaitGroup           // every goroutine
	idle     chan *Socket             // to goroutines that wait for tasks
	idlers   atomic.Int32             // how many those are
	observer atomic.Pointer[Observer] // nil: nobody

	mu         sync.Mutex
	namespaces map[string]*Namespace
	dynamic    []*DynamicNamespace // in order of insertion
	onNew      []func(*Namespace)
	finished   bool

	life  sync.RWMutex
	ended bool // nothing is spawned any more
}

// NewServer returns a server with the namespace "/".
func NewServer(o Options) *Server {
	s := &Server{opts: o.withDefaults(), namespaces: map[string]*Namespace{}, idle: make(chan *Socket)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.engine = engineio.NewServer(s.opts.Engine, s.connect)
	s.Of("/")
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, s.opts.Path)
	switch {
	case !ok:
		http.NotFound(w, r)
	case s.opts.ClientFiles != nil && isClientFile(rest):
		s.serveClientFile(w, r, rest)
	default:
		s.engine.ServeHTTP(w, r)
	}
}

// Engine returns the Engine.IO server below.
func (s *Server) Engine() *engineio.Server { return s.engine }

// Of returns the namespace with the name, to which a leading "/" is added, and makes it if it does not exist. If a dynamic
// namespace matches the name, the new one is its child. With an adapter it joins the cluster before Of returns.
func (s *Server) Of(name string) *Namespace {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	s.mu.Lock()
	if ns := s.namespaces[name]; ns != nil {
		s.mu.Unlock()
		return ns
	}
	dynamic := s.dynamic
	s.mu.Unlock()
	var parent *DynamicNamespace
	if i := slices.IndexFunc(dynamic, func(d *DynamicNamespace) bool { return d.matches(s.ctx, name, parser.Value{}) }); i >= 0 {
		parent = dynamic[i]
	}
	ns := s.create(name, parent)
	_ = ns.open() // so that the node hears the others before anybody is here; whoever uses it is told the error
	return ns
}

// OnNewNamespace adds a function that is called for each namespace that is made from now on.
func (s *Server) OnNewNamespace(f func(*Namespace)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onNew = append(s.onNew, f)
}

// create makes a namespace, or returns the one that somebody else has just made.
func (s *Server) create(name string, parent *DynamicNamespace) *Namespace {
	s.mu.Lock()
	if ns := s.namespaces[name]; ns != nil {
		s.mu.Unlock()
		return ns
	}
	ns := newNamespace(s, name)
	if parent != nil {
		ns.dynamic = true
		parent.adopt(ns)
	}
	s.namespaces[name] = ns
	told := s.onNew
	s.mu.Unlock()
	for _, f := range told {
		f(ns)
	}
	return ns
}

// lookup finds the namespace that a client asks for and counts the client as arriving, so that the namespace is not removed
// under it.
func (s *Server) lookup(ctx context.Context, name string, auth parser.Value) (*Namespace, bool) {
	s.mu.Lock()
	ns := s.namespaces[name]
	if ns != nil {
		ns.arrive(1)
	}
	dynamic := s.dynamic
	s.mu.Unlock()
	if ns != nil {
		return ns, true
	}
	for _, d := range dynamic {
		if d.matches(ctx, name, auth) {
			ns = s.create(name, d)
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.namespaces[name] != ns { // removed as empty at this very moment
				return nil, false
			}
			ns.arrive(1)
			return ns, true
		}
	}
	return nil, false
}

func (ns *Namespace) arrive(n int) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.arriving += n
}

// departed removes a dynamic namespace that has become empty.
func (s *Server) departed(ns *Namespace) {
	if !ns.dynamic || !s.opts.CleanupEmptyNamespaces {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.local.mu.RLock()
	empty := len(ns.local.sockets) == 0 && ns.arriving == 0
	ns.local.mu.RUnlock()
	if !empty || s.namespaces[ns.name] != ns {
		return
	}
	delete(s.namespaces, ns.name)
	for _, d := range s.dynamic {
		d.abandon(ns)
	}
	s.spawn(func() { // ends when the adapter is closed
		if err := ns.close(s.ctx); err != nil {
			s.opts.Logger.Warn("socketio: closing the adapter of an empty namespace", "namespace", ns.name, "error", err)
		}
	})
}

// Drain refuses new connections, tells every client to come back elsewhere, spread over the given time, and waits until all
// have gone and every handler has returned. Sockets disconnect with ReasonShutdown. When ctx ends first, connections are cut
// and ctx's error is returned; handlers are waited for even then, with their contexts ended.
func (s *Server) Drain(ctx context.Context, spread time.Duration) error {
	err := s.engine.Drain(ctx, spread)
	return errors.Join(err, s.finish(ctx))
}

// Close cuts every connection, ends the contexts of the handlers, and waits for them and for the adapters.
func (s *Server) Close() error {
	s.engine.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for adapters to say goodbye
	defer cancel()
	return s.finish(ctx)
}

func (s *Server) finish(ctx context.Context) error {
	s.mu.Lock()
	again := s.finished
	s.finished = true
	s.mu.Unlock()
	list := s.Namespaces()
	s.cancel()
	s.life.Lock()
	s.ended = true
	s.life.Unlock()
	s.work.Wait() // before the adapters: sessions are still being persisted
	var errs []error
	if !again {
		for _, ns := range list {
			errs = append(errs, ns.close(ctx))
		}
	}
	return errors.Join(errs...)
}

// spawn runs f in a goroutine that Close waits for. After Close it does nothing. It may be called with any lock held.
func (s *Server) spawn(f func()) {
	s.life.RLock()
	defer s.life.RUnlock()
	if !s.ended {
		s.work.Go(f) // ends with f
	}
}

// guard runs a user's function. A panic in it becomes an error and a log entry, not the end of the process.
func (s *Server) guard(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.opts.Logger.Error("socketio: panic in a user's function", "function", what, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s panicked", what)
		}
	}()
	return f()
}

// ackContext bounds the wait for acknowledgements.
func (s *Server) ackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.opts.AckTimeout)
}
