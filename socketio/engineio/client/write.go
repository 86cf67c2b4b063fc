package client

import (
	"errors"
	"net/http"
	"time"

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
			if forgotten(err) {
				c.hearOut()
			}
			c.end(engineio.ReasonTransportError, err)
			return
		}
		c.wrote(batch, n)
	}
}

// lastWords is how long the reading goroutine gets to read what the server said before it ended the session.
const lastWords = time.Second

// hearOut waits until the reading goroutine ends a session that the server has ended already: what the server said last, and
// the packet that closes, travel in the answer to a poll, which a POST on another connection may overtake.
func (c *Conn) hearOut() {
	late := false
	timer := time.AfterFunc(lastWords, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.changed.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.state == stateOpen && !late { // who closes listens no more
		c.changed.Wait()
	}
}

// forgotten reports whether an error is the server's word that it does not know the session.
func forgotten(err error) bool {
	var e *TransportError
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.Code == int(engineio.CodeUnknownSession)
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
