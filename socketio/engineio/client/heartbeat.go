package client

import (
	"time"

	"transportlab/socketio/engineio"
)

// A heartbeat ends a session whose server is silent: it promised a ping in every interval and allows the same time-out as
// it takes itself. It is guarded by the session's lock.
type heartbeat struct {
	timer *time.Timer
	// due is when the server has been silent for too long by the wall clock, which goes on while a machine sleeps: the
	// timer does not.
	due time.Time
}

func (h *heartbeat) start(c *Conn) {
	period := h.set(c)
	h.timer = time.AfterFunc(period, func() { c.silent() })
}

func (h *heartbeat) restart(c *Conn) { h.timer.Reset(h.set(c)) }

func (h *heartbeat) set(c *Conn) time.Duration {
	period := time.Duration(c.handshake.PingInterval+c.handshake.PingTimeout) * time.Millisecond
	h.due = time.Now().Round(0).Add(period)
	return period
}

func (h *heartbeat) stop() {
	if h.timer != nil {
		h.timer.Stop()
	}
}

// silent runs when the server has not pinged in time.
func (c *Conn) silent() {
	c.mu.Lock()
	open := c.state == stateOpen
	c.mu.Unlock()
	if open {
		c.end(engineio.ReasonPingTimeout, ErrSilent)
	}
}

// Expired reports whether the server has been silent for too long by the wall clock, as it is after the machine slept. Then
// the session ends with ReasonPingTimeout, and a caller should keep for the next session what it was going to send.
func (c *Conn) Expired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen && !time.Now().Round(0).After(c.beat.due) {
		return false
	}
	if c.state == stateOpen {
		c.beat.timer.Reset(0)
	}
	return true
}
