package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"transportlab/socketio/engineio"
	engine "transportlab/socketio/engineio/client"
	"transportlab/socketio/parser"
)

// An opening is a goroutine that opens a connection, with as many attempts as are allowed. It gives up when it is not the
// manager's current one any more.
type opening struct{ cancel context.CancelFunc }

// open begins to open a connection unless there is one, or somebody does so already. m.mu is held.
func (m *Manager) open() {
	if m.conn == nil && m.opening == nil && !m.closed {
		m.start(false)
	}
}

// start starts an opening, which is a reconnection if retry. m.mu is held.
func (m *Manager) start(retry bool) {
	ctx, cancel := context.WithCancel(m.ctx)
	o := &opening{cancel}
	if m.spawn(func() { defer cancel(); m.connect(ctx, o, retry) }) { // ends when connected, out of attempts, or cancelled
		m.opening = o
		return
	}
	cancel()
}

// connect makes attempts until one succeeds.
func (m *Manager) connect(ctx context.Context, o *opening, retry bool) {
	for ; ; retry = true {
		if retry && !m.pause(ctx, o) {
			return
		}
		conn, err := m.dial(ctx)
		if err == nil {
			if !m.opened(o, conn, retry) {
				conn.Start(engine.Handler{})
				conn.Close()
				conn.Wait()
			}
			return
		}
		if !m.openFailed(o, err, retry) {
			return
		}
	}
}

// pause waits for the next attempt. It reports false when there is to be none.
func (m *Manager) pause(ctx context.Context, o *opening) bool {
	m.mu.Lock()
	if m.opening != o {
		m.mu.Unlock()
		return false
	}
	delay := m.backoff.next(m.reconnection)
	m.mu.Unlock()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opening != o {
		return false
	}
	attempt := m.backoff.attempts
	m.tell(func(h *hooks) { call(h.attempt, attempt) })
	return true
}

func (m *Manager) dial(ctx context.Context) (*engine.Conn, error) {
	if m.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.opts.Timeout)
		defer cancel()
	}
	conn, err := m.dialer.Dial(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return conn, err
}

// openFailed reports whether there is to be another attempt.
func (m *Manager) openFailed(o *opening, err error, retry bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opening != o {
		return false
	}
	m.tell(func(h *hooks) { call(h.failed, err) })
	for _, s := range m.sockets {
		if s.active { // and therefore not connected: there was no connection
			s.connectFailed(err)
		}
	}
	again := !m.reconnection.Disabled
	if again && m.exhausted() {
		again = false
		m.backoff.reset()
		m.tell(func(h *hooks) { call(h.gaveUp, struct{}{}) })
	}
	if retry {
		m.tell(func(h *hooks) { call(h.retryFailed, err) })
	}
	if !again {
		m.opening = nil
	}
	return again
}

func (m *Manager) exhausted() bool {
	return m.reconnection.Attempts > 0 && m.backoff.attempts >= m.reconnection.Attempts
}

// opened makes conn the connection and lets every active socket join its namespace, unless nobody wants it any more.
func (m *Manager) opened(o *opening, conn *engine.Conn, retry bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opening != o {
		return false
	}
	m.opening, m.conn = nil, conn
	attempt := m.backoff.attempts
	m.backoff.reset()
	m.tell(func(h *hooks) { call(h.opened, struct{}{}) })
	for _, s := range m.sockets {
		if s.active {
			s.join()
		}
	}
	decoder := m.opts.Parser.NewDecoder(m.opts.MaxAttachments)
	conn.Start(engine.Handler{
		Message: func(data []byte, binary bool) { m.receive(conn, decoder, parser.Frame{Data: data, Binary: binary}) },
		Ping:    func() { m.tell(func(h *hooks) { call(h.ping, struct{}{}) }) },
		Closed:  func(reason engineio.Reason, err error) { m.lost(conn, reason, err) },
		Upgraded: func() {
			transport := conn.Transport()
			m.tell(func(h *hooks) { call(h.upgraded, transport) })
		},
		UpgradeFailed: func(err error) { m.tell(func(h *hooks) { call(h.upgradeFailed, err) }) },
	})
	if retry {
		m.tell(func(h *hooks) { call(h.reconnected, attempt) })
	}
	return true
}

// lost gives up a connection that has ended, or must end, and begins to reconnect.
func (m *Manager) lost(conn *engine.Conn, reason Reason, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != conn {
		return
	}
	m.drop()
	m.tellClose(reason, err)
	for _, s := range m.sockets {
		if s.active {
			s.lost(reason, err)
		}
	}
	if !m.reconnection.Disabled && !m.closed {
		m.start(true)
	}
}

// receive takes one frame of the connection. It runs in the connection's reading goroutine.
func (m *Manager) receive(conn *engine.Conn, decoder parser.Decoder, f parser.Frame) {
	p, complete, err := decoder.Decode(f)
	if err != nil {
		m.lost(conn, engineio.ReasonParseError, err)
		return
	}
	if !complete {
		return
	}
	in := incoming{Packet: p, size: eventOverhead + len(p.Data.JSON)}
	for _, a := range p.Data.Attachments {
		in.size += len(a)
	}
	switch p.Type {
	case parser.Event:
		in.name, in.args, err = p.Data.Event()
	case parser.Ack:
		in.args, err = p.Data.Elements()
	}
	if err != nil {
		m.lost(conn, engineio.ReasonParseError, err)
		return
	}
	m.mu.Lock()
	var s *Socket
	if m.conn == conn {
		m.tellPacket(p)
		s = m.sockets[p.Namespace]
	}
	flood := s != nil && !s.receive(in)
	m.mu.Unlock()
	switch {
	case flood:
		m.lost(conn, engineio.ReasonTransportError, ErrFlood)
	case s != nil:
		s.events.waitForRoom(conn)
	}
}
