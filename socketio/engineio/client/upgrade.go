package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"transportlab/socketio/engineio"
)

// mayUpgrade reports whether the session is to move from polling to a WebSocket.
func (c *Conn) mayUpgrade() bool {
	o := c.dialer.opts
	return !o.DisableUpgrade && c.transport.name() == Polling &&
		slices.Contains(c.handshake.Upgrades, WebSocket) && slices.Contains(o.Transports, WebSocket)
}

// upgradeTimeout bounds the probe; the server gives up after the same time by default.
const upgradeTimeout = 10 * time.Second

var errNoProbe = errors.New("probe error: the answer is no probe")

// upgrade moves the session to a WebSocket: a probe on it, then polling stops where nothing can be lost, then the
// WebSocket takes over.
func (c *Conn) upgrade() {
	c.dialer.prior.Store(false)
	ws, err := c.probe()
	if err != nil {
		if c.ctx.Err() == nil && c.handler.UpgradeFailed != nil {
			c.handler.UpgradeFailed(err)
		}
		return
	}
	if !c.pause() {
		ws.abandon()
		return
	}
	if _, err := ws.write(c.ctx, []engineio.Packet{{Type: engineio.Upgrade}}); err != nil {
		c.adopt(c.transport)
		ws.abandon()
		if c.handler.UpgradeFailed != nil {
			c.handler.UpgradeFailed(fmt.Errorf("probe error: %w", err))
		}
		return
	}
	c.dialer.prior.Store(true)
	if !c.adopt(ws) {
		ws.abandon()
	}
}

// probe opens a WebSocket and makes sure that packets pass both ways.
func (c *Conn) probe() (*wsTransport, error) {
	ctx, cancel := context.WithTimeout(c.ctx, upgradeTimeout)
	defer cancel()
	ws, err := c.dialer.dialWebSocket(ctx, c.handshake.SID)
	if err != nil {
		return nil, fmt.Errorf("probe error: %w", err)
	}
	stop := context.AfterFunc(ctx, ws.abandon)
	_, err = ws.write(ctx, []engineio.Packet{{Type: engineio.Ping, Data: []byte("probe")}})
	if err == nil {
		err = ws.read(ctx, func(p engineio.Packet) error {
			if p.Type != engineio.Pong || string(p.Data) != "probe" {
				return errNoProbe
			}
			return nil
		})
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		ws.abandon()
		return nil, fmt.Errorf("probe error: %w", err)
	}
	return ws, nil
}

// pause waits until no request is under way; no other begins until adopt. It reports whether the session still lives.
func (c *Conn) pause() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen {
		return false
	}
	c.upgrading = true
	c.changed.Broadcast()
	for c.state != stateClosed && !(c.parked && !c.writing) {
		c.changed.Wait()
	}
	return c.state != stateClosed
}

// adopt ends the pause with t as the transport, if the session still lives.
func (c *Conn) adopt(t transport) bool {
	c.mu.Lock()
	if c.state == stateClosed {
		c.mu.Unlock()
		return false
	}
	moved := c.transport != t
	c.transport = t
	if moved && c.handler.Upgraded != nil { // the reading goroutine is parked: the order of calls is kept
		c.mu.Unlock()
		c.handler.Upgraded()
		c.mu.Lock()
	}
	c.upgrading = false
	c.changed.Broadcast()
	c.mu.Unlock()
	return true
}
