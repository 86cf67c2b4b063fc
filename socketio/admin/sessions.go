package admin

import (
	"context"
	"sync"
	"time"
)

// SessionLifetime is how long a session lasts after its user has logged in, in the stores of this package and the official
// ones.
const SessionLifetime = 24 * time.Hour

// A SessionStore remembers the sessions of users that have logged in. Its methods are called concurrently. One in Redis that
// shares its sessions with official nodes sets the key "socket.io-admin#" + id for SessionLifetime.
type SessionStore interface {
	// Save remembers a new session, 16 hexadecimal digits.
	Save(ctx context.Context, id string) error
	// Known reports whether a session was saved and lasts. The id is whatever a client claims.
	Known(ctx context.Context, id string) (bool, error)
}

// MemorySessions is a SessionStore in memory. It keeps up to 10,000 sessions; then the oldest ends early. Its methods may be
// called concurrently.
type MemorySessions struct {
	mu    sync.Mutex
	order []string // oldest first
	until map[string]time.Time
}

const maxSessions = 10_000

// NewMemorySessions returns an empty store.
func NewMemorySessions() *MemorySessions { return &MemorySessions{until: map[string]time.Time{}} }

// Save implements SessionStore.
func (m *MemorySessions) Save(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for len(m.order) > 0 && (len(m.order) >= maxSessions || !now.Before(m.until[m.order[0]])) {
		delete(m.until, m.order[0])
		m.order = m.order[1:]
	}
	m.order = append(m.order, id)
	m.until[id] = now.Add(SessionLifetime)
	return nil
}

// Known implements SessionStore.
func (m *MemorySessions) Known(_ context.Context, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, ok := m.until[id]
	return ok && time.Now().Before(until), nil
}
