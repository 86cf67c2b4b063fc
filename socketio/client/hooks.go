package client

import (
	"transportlab/socketio/parser"
)

// hooks are the functions that want to know what happens to a connection.
type hooks struct {
	opened, ping, gaveUp []func(struct{})
	closed               []func(ended)
	failed, retryFailed  []func(error)
	attempt, reconnected []func(int)
	upgraded             []func(string)
	upgradeFailed        []func(error)
	packet               []func(parser.Packet)
}

type ended struct {
	reason Reason
	err    error
}

func call[T any](list []func(T), v T) {
	for _, f := range list {
		f(v)
	}
}

// tell runs f in its turn with what is registered by then. m.mu may be held.
func (m *Manager) tell(f func(*hooks)) {
	m.events.enqueue(0, func() {
		m.mu.Lock()
		h := m.hooks
		m.mu.Unlock()
		m.guard("manager function", func() error { f(&h); return nil })
	})
}

func (m *Manager) tellClose(reason Reason, err error) {
	m.tell(func(h *hooks) { call(h.closed, ended{reason, err}) })
}

// tellPacket spares the work when nobody listens. m.mu is held.
func (m *Manager) tellPacket(p parser.Packet) {
	if len(m.hooks.packet) > 0 {
		m.tell(func(h *hooks) { call(h.packet, p) })
	}
}

// add registers a function. Lists are replaced, not changed: a dispatcher may be reading them.
func add[T any](m *Manager, list *[]func(T), f func(T)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*list = append((*list)[:len(*list):len(*list)], f)
}

// OnOpen adds a function that is called when a connection has been opened. The functions of a Manager are called one after
// the other in a goroutine of their own.
func (m *Manager) OnOpen(f func()) { add(m, &m.hooks.opened, func(struct{}) { f() }) }

// OnClose adds a function that is called when the connection has ended.
func (m *Manager) OnClose(f func(reason Reason, err error)) {
	add(m, &m.hooks.closed, func(e ended) { f(e.reason, e.err) })
}

// OnError adds a function that is called when a connection could not be opened.
func (m *Manager) OnError(f func(err error)) { add(m, &m.hooks.failed, f) }

// OnUpgrade adds a function that is called when the connection has moved to the transport of the given name.
func (m *Manager) OnUpgrade(f func(transport string)) { add(m, &m.hooks.upgraded, f) }

// OnUpgradeError adds a function that is told why the connection stays on its transport.
func (m *Manager) OnUpgradeError(f func(err error)) { add(m, &m.hooks.upgradeFailed, f) }

// OnPing adds a function that is called for each ping of the server.
func (m *Manager) OnPing(f func()) { add(m, &m.hooks.ping, func(struct{}) { f() }) }

// OnPacket adds a function that is called for each packet that has come.
func (m *Manager) OnPacket(f func(parser.Packet)) { add(m, &m.hooks.packet, f) }

// OnReconnectAttempt adds a function that is called before each attempt to reconnect, with its number from 1.
func (m *Manager) OnReconnectAttempt(f func(attempt int)) { add(m, &m.hooks.attempt, f) }

// OnReconnect adds a function that is called after a successful attempt, with its number.
func (m *Manager) OnReconnect(f func(attempt int)) { add(m, &m.hooks.reconnected, f) }

// OnReconnectError adds a function that is called after a failed attempt.
func (m *Manager) OnReconnectError(f func(err error)) { add(m, &m.hooks.retryFailed, f) }

// OnReconnectFailed adds a function that is called when Reconnection.Attempts have failed.
func (m *Manager) OnReconnectFailed(f func()) { add(m, &m.hooks.gaveUp, func(struct{}) { f() }) }
