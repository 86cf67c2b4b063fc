package streamsadapter

import (
	"context"
	"errors"
	"sync"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

const (
	// orderPatience is how long a broadcast waits for its turn in the stream before it goes to the clients here out of turn.
	orderPatience = time.Second
	// maxUnclaimed bounds what is remembered of broadcasts whose publishing or reading never came to its end.
	maxUnclaimed = 10_000
)

// Broadcast implements socketio.Adapter. What clients may ask for again reaches those here when it is read from the stream,
// not when it has been written: a client that were given a later offset first would not get the earlier event after it
// came back. Broadcast waits for that.
func (a *adapter) Broadcast(ctx context.Context, p parser.Packet, o socketio.BroadcastOptions) error {
	if !a.carrier.recovery || o.Flags.Local || !socketio.Recoverable(p, o) {
		return a.Node.Broadcast(ctx, p, o)
	}
	m := nodewire.Message{Kind: nodewire.Broadcast, Data: p.Data, Options: o}
	offset, err := a.Publish(ctx, m)
	if err != nil {
		return errors.Join(a.local.Broadcast(p, o), err)
	}
	if a.turns.await(ctx, offset) {
		return nil
	}
	return a.Deliver(m, offset)
}

// onOwnEntry delivers what this node has published.
func (a *adapter) onOwnEntry(m nodewire.Message, id string) {
	p := parser.Packet{Type: parser.Event, Data: m.Data}
	if m.Kind != nodewire.Broadcast || !a.carrier.recovery || !socketio.Recoverable(p, m.Options) {
		return
	}
	a.turns.take(id, func() {
		if err := a.Deliver(m, id); err != nil {
			a.Malformed(err)
		}
	})
}

// turns match the broadcasts of this node with their entries, whichever is known first. Each is delivered once: by the
// reader, or by its publisher when the reader does not come to it. The zero value is ready.
type turns struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by offset: publishers that wait
	early   map[string]struct{}      // read before their publisher knew their offset
	late    map[string]struct{}      // delivered by their publisher, still to be read
}

// await waits until the reader has delivered the entry. It reports false if the caller has to do it.
func (t *turns) await(ctx context.Context, id string) bool {
	t.mu.Lock()
	if _, ok := t.early[id]; ok {
		delete(t.early, id)
		t.mu.Unlock()
		return true
	}
	delivered := make(chan struct{})
	if t.waiting == nil {
		t.waiting = map[string]chan struct{}{}
	}
	t.waiting[id] = delivered
	t.mu.Unlock()
	patience := time.NewTimer(orderPatience)
	defer patience.Stop()
	select {
	case <-delivered:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	t.mu.Lock()
	if _, still := t.waiting[id]; !still { // the reader has it
		t.mu.Unlock()
		<-delivered
		return true
	}
	delete(t.waiting, id)
	remember(&t.late, id)
	t.mu.Unlock()
	return false
}

// take delivers an entry that was read, unless its publisher has.
func (t *turns) take(id string, deliver func()) {
	t.mu.Lock()
	if _, ok := t.late[id]; ok {
		delete(t.late, id)
		t.mu.Unlock()
		return
	}
	delivered := t.waiting[id]
	delete(t.waiting, id)
	if delivered == nil {
		remember(&t.early, id)
	}
	t.mu.Unlock()
	deliver()
	if delivered != nil {
		close(delivered)
	}
}

func remember(set *map[string]struct{}, id string) {
	if *set == nil || len(*set) >= maxUnclaimed {
		*set = map[string]struct{}{}
	}
	(*set)[id] = struct{}{}
}
