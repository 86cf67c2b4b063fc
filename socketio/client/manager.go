package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"transportlab/socketio/engineio"
	engine "transportlab/socketio/engineio/client"
)

// A Manager holds one connection to a server and the sockets that share it, one for each namespace. It connects when the
// first of them does, reconnects as Options.Reconnection says, and disconnects with the last. Its methods may be called
// concurrently. Close must be called at the end.
type Manager struct {
	opts   Options
	dialer *engine.Dialer
	ctx    context.Context // the manager's life
	cancel context.CancelFunc
	work   sync.WaitGroup // every goroutine
	events *dispatch      // calls of the functions in hooks

	life struct { // guards the beginning of goroutines
		sync.Mutex
		ended bool
	}

	mu           sync.Mutex // guards all below, and the state of the sockets
	reconnection Reconnection
	sockets      map[string]*Socket
	conn         *engine.Conn // nil unless open
	opening      *opening     // nil unless a connection is being opened
	backoff      backoff
	closed       bool
	awaited      int // acknowledgements
	hooks        hooks
}

// New returns a Manager for the server at target, an http, https, ws or wss URL whose path is not used. It does not connect
// before one of its sockets does.
func New(target string, o Options) (*Manager, error) {
	o = o.withDefaults()
	dialer, err := engine.New(target, o.engine())
	if err != nil {
		return nil, fmt.Errorf("socketio client: %w", err)
	}
	m := &Manager{opts: o, dialer: dialer, reconnection: o.Reconnection, sockets: map[string]*Socket{}, backoff: backoff{random: rand.Float64}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.events = newDispatch(m)
	return m, nil
}

// Socket returns the manager's socket in a namespace, to whose name a leading "/" is added. The options are those of the
// first call for the namespace.
func (m *Manager) Socket(namespace string, o SocketOptions) *Socket {
	if !strings.HasPrefix(namespace, "/") {
		namespace = "/" + namespace
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sockets[namespace]
	if s == nil {
		s = newSocket(m, namespace, o)
		m.sockets[namespace] = s
	}
	return s
}

// Reconnection returns the current settings.
func (m *Manager) Reconnection() Reconnection {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reconnection
}

// SetReconnection changes the settings for all that follows. It does not end an attempt that is under way.
func (m *Manager) SetReconnection(r Reconnection) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reconnection = r.withDefaults()
}

// Transport returns the name of the connection's transport, or "" when there is none.
func (m *Manager) Transport() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn == nil {
		return ""
	}
	return m.conn.Transport()
}

// CloseConnection ends the connection with the reason "forced close", after what is queued has been sent. The sockets stay
// active: as after any loss a new connection is opened, unless reconnection is disabled.
func (m *Manager) CloseConnection() {
	m.mu.Lock()
	conn := m.conn
	m.mu.Unlock()
	if conn != nil {
		m.lost(conn, engineio.ReasonForcedClose, nil)
	}
}

// Close disconnects every socket and waits until all goroutines have ended, or ctx. The functions that the user has
// registered are among those waited for, so they must not call it; their context is ended.
func (m *Manager) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	for _, s := range m.sockets {
		s.disconnect()
		s.failAll(ErrClosed)
	}
	m.shut()
	m.mu.Unlock()
	m.cancel()
	m.life.Lock()
	m.life.ended = true
	m.life.Unlock()
	m.dialer.Close()
	done := make(chan struct{})
	go func() { // ends when everything has
		m.work.Wait()
		m.dialer.Close() // what became idle meanwhile
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spawn runs f in a goroutine that Close waits for. It reports false when the manager has ended.
func (m *Manager) spawn(f func()) bool {
	m.life.Lock()
	defer m.life.Unlock()
	if m.life.ended {
		return false
	}
	m.work.Go(f) // the callers say what ends it
	return true
}

// release disconnects when no socket needs the connection any more. m.mu is held.
func (m *Manager) release() {
	for _, s := range m.sockets {
		if s.active {
			return
		}
	}
	m.shut()
}

// shut ends the connection, or the attempts to open one. m.mu is held.
func (m *Manager) shut() {
	if m.opening != nil {
		m.opening.cancel()
		m.opening = nil
	}
	m.backoff.reset()
	if m.conn != nil {
		m.drop()
		m.tellClose(engineio.ReasonForcedClose, nil)
	}
}

// drop gives the connection up. m.mu is held.
func (m *Manager) drop() {
	m.conn.Close()
	m.spawn(m.conn.Wait) // ends with the connection, which takes five seconds at most
	m.conn = nil
	m.wake()
}

// wake makes a reading goroutine that waits for handlers look again whether it must. m.mu is held.
func (m *Manager) wake() {
	for _, s := range m.sockets {
		s.events.wake()
	}
}
