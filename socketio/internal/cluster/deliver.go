package cluster

import (
	"context"
	"sync"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// DefaultTimeout is how long the nodes of a cluster wait for each other; the official adapters' default.
const DefaultTimeout = 5 * time.Second

// DeliverWithAck delivers the packet of another node to the sockets here. It calls delivered with their number, then answer
// for each that answers in time, and keeps nothing after that, nor after ctx.
func DeliverWithAck(ctx context.Context, local *socketio.Local, p parser.Packet, o socketio.BroadcastOptions, delivered func(int), answer func(parser.Value)) error {
	timeout := o.Flags.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	sink := &relay{delivered: delivered, answer: answer, stop: stop}
	err := local.BroadcastWithAck(ctx, p, o, sink)
	if err != nil {
		stop()
	}
	return err
}

// A relay reports to another node.
type relay struct {
	delivered func(int)
	answer    func(parser.Value)
	stop      context.CancelFunc

	mu       sync.Mutex
	expected int
	got      int
	known    bool // expected is
}

func (r *relay) Expect(sockets int) {
	r.delivered(sockets)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected, r.known = sockets, true
	r.stopIfDone()
}

func (r *relay) Ack(answer parser.Value) {
	r.answer(answer)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got++
	r.stopIfDone()
}

func (r *relay) stopIfDone() {
	if r.known && r.got >= r.expected {
		r.stop()
	}
}

// WithDeadline gives o the time-out that other nodes are to know, in whole milliseconds: if the caller set none, what ctx
// leaves.
func WithDeadline(ctx context.Context, o socketio.BroadcastOptions) socketio.BroadcastOptions {
	deadline, bounded := ctx.Deadline()
	if bounded && o.Flags.Timeout <= 0 {
		o.Flags.Timeout = time.Until(deadline)
	}
	if bounded || o.Flags.Timeout > 0 {
		o.Flags.Timeout = max(o.Flags.Timeout.Truncate(time.Millisecond), time.Millisecond)
	}
	return o
}
