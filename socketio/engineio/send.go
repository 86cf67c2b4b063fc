package engineio

import (
	"context"
	"slices"
	"time"
)

// Writable reports whether a message would leave at once: nothing waits, and on polling a poll is there to carry it.
func (s *Socket) Writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == stateOpen && len(s.queue) == 0 && (s.ws != nil && !s.flushing || s.poll != nil)
}

// Buffered returns the number of bytes that wait to be sent.
func (s *Socket) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued
}

// Drain waits until at most limit bytes wait to be sent: who has much to send waits between its parts, so that a client gets
// them as fast as it reads. It fails with ErrClosed, or when ctx ends.
func (s *Socket) Drain(ctx context.Context, limit int) error {
	for {
		s.mu.Lock()
		if s.state == stateClosed {
			s.mu.Unlock()
			return ErrClosed
		}
		if s.queued <= limit {
			s.mu.Unlock()
			return nil
		}
		if s.sent == nil {
			s.sent = make(chan struct{})
		}
		sent := s.sent
		s.mu.Unlock()
		select {
		case <-sent:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// dequeued notes that n bytes have been sent, or given up. s.mu is held.
func (s *Socket) dequeued(n int) {
	s.queued -= n
	if s.sent != nil {
		close(s.sent)
		s.sent = nil
	}
}

// Send queues messages, one after the other with nothing between them. It fails with ErrClosed, and with ErrSlowConsumer
// when too much waits already: then the session ends.
func (s *Socket) Send(messages ...*Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enqueue(messages); err != nil {
		return err
	}
	s.startFlush()
	return nil
}

// SendNow does as Send, and writes to a WebSocket in the calling goroutine if no other is writing. It may wait for as long
// as Options.WriteTimeout.
func (s *Socket) SendNow(messages ...*Message) error {
	s.mu.Lock()
	if err := s.enqueue(messages); err != nil {
		s.mu.Unlock()
		return err
	}
	if s.ws == nil || s.flushing || s.rest.left(s) > 0 {
		s.startFlush()
		s.mu.Unlock()
		return nil
	}
	s.flushing = true
	s.server.work.Add(1)
	s.mu.Unlock()
	if s.flushOnce() {
		go s.flush() // ends as in startFlush; others keep sending, and the caller has something else to do
	}
	return nil
}

func (s *Socket) enqueue(messages []*Message) error {
	if s.state != stateOpen {
		return ErrClosed
	}
	if s.queued >= s.server.opts.WriteBuffer {
		s.state, s.ending = stateClosing, ReasonSlowConsumer
		s.server.work.Go(func() { s.abort(ReasonSlowConsumer, ErrSlowConsumer) }) // ends at once
		return ErrSlowConsumer
	}
	for _, m := range messages {
		s.queued += m.Size()
	}
	if o := s.server.observer.Load(); o != nil {
		for _, m := range messages {
			o.Sent(m.dataSize())
		}
	}
	s.queue = append(s.queue, messages...)
	return nil
}

// startFlush sees to it that what is queued gets written. s.mu is held.
func (s *Socket) startFlush() {
	switch {
	case s.ws != nil:
		if !s.flushing {
			s.flushing = true
			s.server.work.Add(1)
			s.flushLater()
		}
	case s.poll != nil:
		s.poll.release(nil)
		s.poll = nil
	}
}

// flushLater spawns flush, after the rest if there is one. s.mu is held, and the flush is counted in work.
func (s *Socket) flushLater() {
	if wait := s.rest.left(s); wait > 0 {
		s.rest.timer = time.AfterFunc(wait, s.flush)
		return
	}
	go s.flush() // ends when the queue is empty or the connection fails, which WriteTimeout sees to
}

// flush writes to the WebSocket until nothing is queued: whatever gathers during one write goes out with the next.
func (s *Socket) flush() {
	for s.flushOnce() {
	}
}

// flushOnce writes what is queued and reports whether there may be more to write now. If there is nothing, the flush is over
// and its count in work given back; a closing session then says goodbye.
func (s *Socket) flushOnce() (more bool) {
	s.mu.Lock()
	s.rest.timer = nil
	batch, ws := s.queue, s.ws
	s.queue, s.spare = s.spare, nil
	alone := slices.IndexFunc(batch, func(m *Message) bool { return m.alone })
	if alone >= 0 {
		s.queue = append(s.queue, batch[alone+1:]...)
		clear(batch[alone+1:])
		batch = batch[:alone+1]
	}
	s.mu.Unlock()

	size, err := 0, error(nil)
	if len(batch) > 0 {
		size, err = ws.writeBatch(batch)
		clear(batch)
	}
	if err != nil {
		s.abort(writeReason(err), err)
	}
	s.mu.Lock()
	s.dequeued(size)
	if cap(batch) <= 64 && s.spare == nil {
		s.spare = batch[:0]
	}
	if alone >= 0 {
		s.rest.begin(s)
	}
	if len(s.queue) > 0 && s.state != stateClosed {
		defer s.mu.Unlock()
		if alone >= 0 {
			s.flushLater()
		}
		return alone < 0
	}
	s.flushing = false
	closing, reason := s.state == stateClosing, s.ending
	s.mu.Unlock()
	if closing {
		s.finish(reason, nil)
		ws.goodbye(closeCode(reason), string(reason))
	}
	s.server.work.Done()
	return false
}
