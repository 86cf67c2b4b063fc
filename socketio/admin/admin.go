// Package admin is the server's side of Admin UI, the official administration page for Socket.IO (npm package
// @socket.io/admin-ui, version 0.5). The page itself is static files, from the package's ui/dist folder or from a host of
// its own; it connects to a namespace that Instrument adds, as any client does. A cluster of nodes of this library and of
// official ones appears as one.
//
//	page, err := admin.Instrument(server, admin.Options{Check: admin.Secret("ada", password)})
//	…
//	defer page.Close() // before the server
//
// A page from another origin needs engineio.CORS with that origin and Credentials.
//
// In development, which is the default, the page shows every socket, room and event, at a price: each event of each socket
// is sent once more, to the page. In production it shows numbers only.
package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
)

// Options configure Instrument. The zero value of a field is the default that it states.
type Options struct {
	Namespace string // that the page connects to; "/admin"
	// Check decides about a user's name and password; it is called concurrently. It is a function, and not a bcrypt hash as
	// in the official server, so that who has other means needs no implementation of bcrypt. For a password in plain text
	// there is Secret; a hash takes one line with golang.org/x/crypto/bcrypt:
	//
	//	return username == "ada" && bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil
	Check func(username, password string) bool
	// NoAuth lets everybody in. It must be said: Check nil alone is an error.
	NoAuth bool
	// Sessions remembers who has logged in. Nil is NewMemorySessions; a cluster without sticky sessions, or one whose users
	// shall stay logged in across restarts, needs one in common.
	Sessions SessionStore
	// ReadOnly leaves out the commands that emit, join, leave and disconnect.
	ReadOnly bool
	// Production leaves out single sockets, rooms and events.
	Production bool
	ServerID   string       // tells the nodes of a cluster apart; the host's name
	Logger     *slog.Logger // slog.Default
}

// Errors of Instrument.
var (
	ErrNoCheck   = errors.New("neither Options.Check nor Options.NoAuth is set")
	ErrBothAuth  = errors.New("both Options.Check and Options.NoAuth are set")
	ErrNamespace = errors.New(`namespace "/" cannot be the admin namespace`)
)

// An Admin shows a server to the page until Close.
type Admin struct {
	server    *socketio.Server
	namespace *socketio.Namespace
	opts      Options
	features  []string
	traffic   traffic
	notes     chan note
	dropped   atomic.Int64 // notes that found the queue full

	ctx    context.Context // until Close
	cancel context.CancelFunc
	stop   []func() // observing
	work   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	clients  map[*engineio.Socket][]*socketio.Socket // by connection; with development only
	sessions map[*socketio.Socket]string             // made for sockets that are not connected yet
}

// Instrument adds the admin namespace to a server. Call it before clients come: sockets that exist already are listed, but
// what happens to them is not told. A server can be instrumented, and otherwise observed, once at a time.
func Instrument(server *socketio.Server, o Options) (*Admin, error) {
	a := &Admin{
		server: server, notes: make(chan note, maxNotes),
		clients: map[*engineio.Socket][]*socketio.Socket{}, sessions: map[*socketio.Socket]string{},
	}
	var err error
	if a.opts, err = o.complete(); err != nil {
		return nil, fmt.Errorf("instrument: %w", err)
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	if err := a.observe(); err != nil {
		a.cancel()
		return nil, fmt.Errorf("instrument: %w", err)
	}
	a.features = features(a.opts)
	a.namespace = server.Of(a.opts.Namespace)
	a.namespace.Use(a.admit)
	a.namespace.OnConnect(a.welcome)
	a.work.Go(a.publish) // ends with a.ctx
	return a, nil
}

func (o Options) complete() (Options, error) {
	o.Namespace = "/" + strings.TrimPrefix(cmp.Or(o.Namespace, "/admin"), "/")
	switch {
	case o.Namespace == "/":
		return o, ErrNamespace
	case o.Check == nil && !o.NoAuth:
		return o, ErrNoCheck
	case o.Check != nil && o.NoAuth:
		return o, ErrBothAuth
	}
	if o.ServerID == "" {
		host, err := os.Hostname()
		if err != nil {
			return o, fmt.Errorf("server id: %w", err)
		}
		o.ServerID = host
	}
	if o.Sessions == nil {
		o.Sessions = NewMemorySessions()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// Close stops showing the server, disconnects the pages that are connected to this node, and waits for everything that
// Instrument has started. The namespace refuses everybody from then on; a new Instrument needs another one.
func (a *Admin) Close() {
	a.mu.Lock()
	again := a.closed
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.work.Wait()
	if again {
		return
	}
	for _, stop := range a.stop {
		stop()
	}
	for _, s := range a.namespace.Sockets() {
		s.Disconnect(false)
	}
}

// spawn runs f in a goroutine that Close waits for. After Close it does nothing.
func (a *Admin) spawn(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.work.Go(f) // ends with f
	}
}

// Features that the page offers when the server says so.
const (
	canEmit           = "EMIT"
	canJoin           = "JOIN"
	canLeave          = "LEAVE"
	canDisconnect     = "DISCONNECT"
	canJoinMany       = "MJOIN"
	canLeaveMany      = "MLEAVE"
	canDisconnectMany = "MDISCONNECT"
	aggregatedEvents  = "AGGREGATED_EVENTS"
	allEvents         = "ALL_EVENTS"
)

func features(o Options) []string {
	var list []string
	if !o.ReadOnly {
		list = append(list, canEmit, canJoin, canLeave, canDisconnect, canJoinMany, canLeaveMany, canDisconnectMany)
	}
	list = append(list, aggregatedEvents)
	if !o.Production {
		list = append(list, allEvents)
	}
	return list
}

// fetchTimeout bounds the wait for the sockets of other nodes.
const fetchTimeout = 10 * time.Second

// welcome tells a page what there is.
func (a *Admin) welcome(s *socketio.Socket) {
	if !a.opts.ReadOnly {
		a.takeCommands(s)
	}
	if id, ok := a.takeSession(s); ok {
		_ = s.Emit(s.Context(), "session", id) // a page that is gone hears nothing
	}
	config := struct {
		SupportedFeatures []string `json:"supportedFeatures"`
	}{a.features}
	if err := s.Emit(s.Context(), "config", config); err != nil || a.opts.Production {
		return // as above
	}
	a.spawn(func() { // ends with the socket, the Admin or the timeout
		ctx, cancel := context.WithTimeout(s.Context(), fetchTimeout)
		defer cancel()
		defer context.AfterFunc(a.ctx, cancel)()
		_ = s.Emit(ctx, "all_sockets", a.fetchAll(ctx)) // as above
	})
}
