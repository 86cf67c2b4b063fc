package client

import (
	"errors"
	"fmt"

	"transportlab/socketio/engineio"
)

// errGone says that the session has ended while a packet was handled.
var errGone = errors.New("session ended")

// readAll is the reading goroutine. It ends when a read fails, which end sees to.
func (c *Conn) readAll() {
	for _, p := range c.early {
		if err := c.receive(p); err != nil {
			c.readFailed(c.transport, err)
			return
		}
	}
	c.early = nil
	for {
		t := c.readable()
		if t == nil {
			return
		}
		if err := t.read(c.ctx, c.receive); err != nil {
			c.readFailed(t, err)
			return
		}
	}
}

// readable returns the transport to read from, after an upgrade in progress; nil when the session has ended.
func (c *Conn) readable() transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.upgrading && c.state != stateClosed {
		c.parked = true
		c.changed.Broadcast()
		c.changed.Wait()
	}
	c.parked = false
	if c.state == stateClosed || c.state == stateClosing && c.transport.name() == Polling {
		return nil
	}
	return c.transport
}

// receive handles one packet of the server.
func (c *Conn) receive(p engineio.Packet) error {
	c.mu.Lock()
	open := c.state == stateOpen
	if open && p.Type == engineio.Ping {
		c.beat.restart(c)
		c.pong()
	}
	c.mu.Unlock()
	if !open {
		return nil // what comes after Close concerns nobody
	}
	switch p.Type {
	case engineio.MessagePacket:
		if c.handler.Message != nil {
			c.handler.Message(p.Data, p.Binary)
		}
	case engineio.Ping:
		if c.handler.Ping != nil {
			c.handler.Ping()
		}
	case engineio.Noop, engineio.Pong:
	case engineio.Close:
		c.end(engineio.ReasonTransportClose, errors.New("session was closed by the server"))
		return errGone
	default:
		return fmt.Errorf("%w: a server does not send packet type %d here", engineio.ErrMalformed, p.Type)
	}
	return nil
}

// pong queues the answer to a ping, unless one waits already: a server that pings and does not read must not fill memory.
func (c *Conn) pong() {
	if c.pongs == 0 {
		c.pongs++
		c.queue = append(c.queue, engineio.Packet{Type: engineio.Pong})
		c.changed.Broadcast()
	}
}

// readFailed ends the session after a failed read.
func (c *Conn) readFailed(t transport, err error) {
	reason := engineio.ReasonTransportError
	if t.name() == WebSocket && cut(err) {
		reason = engineio.ReasonTransportClose
	}
	c.fail(reason, err)
}

// fail ends the session, unless it is closing: then the writing goroutine ends it.
func (c *Conn) fail(reason engineio.Reason, err error) {
	c.mu.Lock()
	closing := c.state == stateClosing
	c.mu.Unlock()
	if !closing {
		c.end(reason, err)
	}
}
