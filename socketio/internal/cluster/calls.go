package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"

	"transportlab/socketio"
)

// NewID returns 16 hexadecimal digits, in the form of the ids of nodes and of their questions.
func NewID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Calls are the questions of this node that other nodes have not answered yet. A is an answer. The zero value is ready.
type Calls[A any] struct {
	mu    sync.Mutex
	calls map[string]*Call[A]
	sinks map[string]socketio.AckSink
}

// A Call is one question. Its asker calls Wait once.
type Call[A any] struct {
	id       string
	owner    *Calls[A]
	expected int
	answers  []A
	done     chan struct{} // closed with the last answer
}

// Open notes a question that so many nodes will answer, at least one.
func (c *Calls[A]) Open(id string, expected int) *Call[A] {
	call := &Call[A]{id: id, owner: c, expected: expected, done: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[string]*Call[A]{}
	}
	c.calls[id] = call
	return call
}

// Answer hands an answer to the question with that id, if it is still open.
func (c *Calls[A]) Answer(id string, a A) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.calls[id]
	if call == nil {
		return
	}
	call.answers = append(call.answers, a)
	if len(call.answers) == call.expected {
		delete(c.calls, id)
		close(call.done)
	}
}

// Wait returns the answers once all are there. When ctx ends first it returns those that came and an error.
func (call *Call[A]) Wait(ctx context.Context) ([]A, error) {
	var err error
	select {
	case <-call.done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	call.owner.mu.Lock()
	defer call.owner.mu.Unlock()
	delete(call.owner.calls, call.id)
	if len(call.answers) == call.expected {
		return call.answers, nil
	}
	return call.answers, fmt.Errorf("timeout reached: only %d responses received out of %d: %w", len(call.answers), call.expected, err)
}

// Listen hands the sink to the answers of sockets until ctx ends.
func (c *Calls[A]) Listen(ctx context.Context, id string, sink socketio.AckSink) {
	c.mu.Lock()
	if c.sinks == nil {
		c.sinks = map[string]socketio.AckSink{}
	}
	c.sinks[id] = sink
	c.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.sinks, id)
	})
}

// Sink returns the sink of a broadcast of this node, or nil.
func (c *Calls[A]) Sink(id string) socketio.AckSink {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sinks[id]
}

// Own reports whether this node has asked the question.
func (c *Calls[A]) Own(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[id] != nil || c.sinks[id] != nil
}
