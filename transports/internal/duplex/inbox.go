package duplex

import (
	"context"
	"errors"
	"sync"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// What an Inbox holds for a caller that is slow to Recv. Beyond it, the server is asked to stop, and for
// more, from the cursor, once the caller has caught up: so a caller that only sends, or pauses, neither
// blocks its acknowledgements nor is cut off as a slow consumer.
const (
	holdMessages = 4096
	holdBytes    = 4 << 20
)

// An Inbox is the receiving half of a transports.Conn over one stream for both directions: what has come
// and was not received yet, and where the subscription stands. Recv is for one goroutine at a time; what
// comes is to be handed over in order.
type Inbox struct {
	subscribe   func(after transports.Cursor)
	unsubscribe func()
	tally       *transports.Tally
	ended       chan struct{} // closed by End
	news        chan struct{} // has room for one

	mu    sync.Mutex
	queue []item
	held  int // bytes in queue
	flow  flow
	tail  transports.Cursor // of the last message put in the queue
	epoch string            // stated last on this connection
	err   error             // why the connection ended
}

type item struct {
	m   transports.Message
	gap *transports.GapError
}

// flow is where the subscription stands: batches count only while it is on.
type flow int

const (
	off   flow = iota // not subscribed, as at first
	asked             // waiting for the server to say that it has subscribed us
	on
)

// NewInbox returns an Inbox whose subscription begins at the target's cursor. subscribe and unsubscribe ask
// the server for batches, or for no more of them; they must not block.
func NewInbox(target transports.Target, subscribe func(after transports.Cursor), unsubscribe func()) *Inbox {
	return &Inbox{subscribe: subscribe, unsubscribe: unsubscribe, tally: target.Tally, ended: make(chan struct{}),
		news: make(chan struct{}, 1), tail: target.After, epoch: target.After.Epoch}
}

// Recv implements transports.Conn.
func (x *Inbox) Recv(ctx context.Context) (transports.Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return transports.Message{}, err
		}
		x.mu.Lock()
		if len(x.queue) > 0 && x.err != transports.ErrClosed {
			i := x.queue[0]
			x.queue[0] = item{}
			x.queue = x.queue[1:]
			x.held -= len(i.m.Data)
			x.mu.Unlock()
			if i.gap != nil {
				return transports.Message{}, i.gap
			}
			return i.m, nil
		}
		err, ask, after := x.err, x.flow == off, x.tail
		if ask && err == nil {
			x.flow = asked
		}
		x.mu.Unlock()
		if err != nil {
			return transports.Message{}, err
		}
		if ask {
			x.subscribe(after)
		}
		select {
		case <-x.news:
		case <-x.ended:
		case <-ctx.Done():
			return transports.Message{}, ctx.Err()
		}
	}
}

// End ends the Inbox and returns why: the first call's error, or ErrClosed, because who closes hears of
// nothing else.
func (x *Inbox) End(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err == nil {
		close(x.ended)
	}
	if x.err == nil || err == transports.ErrClosed {
		x.err = err
	}
	return x.err
}

// Ended is closed when the Inbox has ended; Err then says why.
func (x *Inbox) Ended() <-chan struct{} { return x.ended }

// Err returns why the Inbox has ended, nil if it has not.
func (x *Inbox) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// Batch takes a batch that came. Its error ends the connection.
func (x *Inbox) Batch(b wire.Batch) error {
	b.Count(x.tally)
	x.mu.Lock()
	if b.First.Epoch != "" {
		x.epoch = b.First.Epoch
	}
	if x.flow != on {
		x.mu.Unlock()
		return nil
	}
	if err := wire.Follows(x.tail, x.epoch, b); err != nil {
		x.mu.Unlock()
		return err
	}
	for _, m := range b.Messages {
		m.Epoch = x.epoch
		x.queue = append(x.queue, item{m: m})
		x.held += len(m.Data)
		x.tail = m.Cursor
	}
	full := len(x.queue) > holdMessages || x.held > holdBytes
	if full {
		x.flow = off
	}
	x.mu.Unlock()
	x.tell()
	if full {
		x.unsubscribe()
	}
	return nil
}

func (x *Inbox) tell() {
	select {
	case x.news <- struct{}{}:
	default:
	}
}

// Control takes what the server says beside batches: that the subscription begins, a gap, or goodbye,
// whose error is returned. An unknown control is one of a later version.
func (x *Inbox) Control(c wire.Control) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch c.Type {
	case "bye":
		if c.Error != nil {
			return c.Error.Err(transports.Cursor{})
		}
	case "subscribed":
		if x.flow == asked {
			x.flow = on
		}
		if x.tail.Epoch != "" {
			x.epoch = x.tail.Epoch
		}
	case "gap":
		x.epoch = c.Epoch
		if x.flow != on {
			return nil
		}
		err := wire.GapError(x.tail, c.Epoch, c.First, c.Last)
		var gap *transports.GapError
		if !errors.As(err, &gap) {
			return err
		}
		x.queue = append(x.queue, item{gap: gap})
		x.tail = gap.Resume()
		x.tell()
	}
	return nil
}

// stated notes an epoch that the server named, if it did, and returns the one that holds.
func (x *Inbox) stated(epoch string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if epoch != "" {
		x.epoch = epoch
	}
	return x.epoch
}
