package client

import (
	"transportlab/socketio/engineio"
)

// writeAll is the writing goroutine: whatever gathers during one write goes out with the next. It ends with the session.
func (c *Conn) writeAll() {
	for {
		t, batch := c.nextBatch()
		if t == nil {
			return
		}
		if len(batch) == 0 { // closing, and everything is sent
			_ = t.close(c.ctx) // the session is over either way
			c.end("", nil)
			return
		}
		n, err := t.write(c.ctx, batch)
		if err != nil {
			if t.name() == WebSocket && cut(err) {
				c.end(engineio.ReasonTransportClose, err)
				return
			}
			c.end(engineio.ReasonTransportError, err)
			return
		}
		c.wrote(batch, n)
	}
}

// nextBatch waits for something to write and takes it. An empty batch means that the session closes, a nil transport that
// it has ended.
func (c *Conn) nextBatch() (transport, []engineio.Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.state != stateClosed && (c.upgrading || len(c.queue) == 0 && c.state == stateOpen) {
		c.changed.Wait()
	}
	if c.state == stateClosed {
		return nil, nil
	}
	batch := c.queue
	c.queue, c.pongs = nil, 0
	c.writing = len(batch) > 0
	return c.transport, batch
}

// wrote puts back what did not fit into the first write.
func (c *Conn) wrote(batch []engineio.Packet, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing = false
	if c.state == stateClosed {
		return
	}
	for _, p := range batch[:n] {
		if p.Type == engineio.MessagePacket {
			c.queued -= len(p.Data)
		}
	}
	if n < len(batch) {
		for _, p := range batch[n:] {
			if p.Type == engineio.Pong {
				c.pongs++
			}
		}
		c.queue = append(batch[n:len(batch):len(batch)], c.queue...)
	}
	c.changed.Broadcast()
}
