package gate

import (
	"sync"
	"time"
)

// mostHeld is how much of an answer a buffering proxy gathers before it gives that on.
const mostHeld = 64 << 10

// A holder gathers what the server says until an answer is whole. It reads along with a tap of its own, for
// what the connection's tap hears is what has passed already.
type holder struct {
	mu    sync.Mutex
	scout *tap
	held  []byte
}

func newHolder() *holder { return &holder{scout: newTap(nil, 0)} }

// up reads along with the client, so that answers are understood.
func (h *holder) up(b []byte, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scout.up(b, at)
}

// down takes what the server says and hands pass what may go on. It is locked meanwhile, as release is: the
// bytes keep their order.
func (h *holder) down(b []byte, at time.Time, buffer bool, pass func([]byte, time.Time)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scout.down(b, at)
	h.held = append(h.held, b...)
	if buffer && len(h.held) < mostHeld && !h.scout.betweenAnswers() {
		return
	}
	pass(h.held, at)
	h.held = nil
}

// release hands pass what was held.
func (h *holder) release(at time.Time, pass func([]byte, time.Time)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	pass(h.held, at)
	h.held = nil
}

// betweenAnswers tells whether the server has said all of an answer, or goes on without any.
func (t *tap) betweenAnswers() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.server.state {
	case inHead:
		return len(t.server.head) == 0
	case inFrames, inUnknown:
		return true
	}
	return false
}
