package calibrate

import (
	"context"
	"strings"
	"time"

	"transportlab/transports"
)

// The connections of this file break promises, each in one way. They go by offsets, not by counting, so that
// every subscriber of a topic meets the same faults. A thousand messages hold one of each.
const every = 1000

// A loser swallows one message in a thousand.
type loser struct {
	transports.Conn
	ledger *ledger
}

// Recv implements transports.Conn.
func (c *loser) Recv(ctx context.Context) (transports.Message, error) {
	m, err := c.Conn.Recv(ctx)
	if err != nil || m.Offset%every != every/4 {
		return m, err
	}
	c.ledger.fault()
	return c.Conn.Recv(ctx)
}

// A repeater delivers one message in a thousand twice.
type repeater struct {
	transports.Conn
	ledger *ledger
	again  *transports.Message
}

// Recv implements transports.Conn.
func (c *repeater) Recv(ctx context.Context) (transports.Message, error) {
	if m := c.again; m != nil {
		c.again = nil
		return *m, nil
	}
	m, err := c.Conn.Recv(ctx)
	if err == nil && m.Offset%every == every/2 {
		c.ledger.fault()
		c.again = &m
	}
	return m, err
}

// A swapper delivers two neighbours in a thousand in the wrong order.
type swapper struct {
	transports.Conn
	ledger *ledger
	held   *transports.Message
}

// Recv implements transports.Conn.
func (c *swapper) Recv(ctx context.Context) (transports.Message, error) {
	if m := c.held; m != nil {
		c.held = nil
		return *m, nil
	}
	first, err := c.Conn.Recv(ctx)
	if err != nil || first.Offset%every != every*3/4 {
		return first, err
	}
	second, err := c.Conn.Recv(ctx)
	if err != nil {
		return first, nil // nothing follows that could come before it; the error will come again
	}
	c.ledger.fault()
	c.held = &first
	return second, nil
}

// A sleeper takes 5 ms longer for every 50th message.
type sleeper struct{ transports.Conn }

// Recv implements transports.Conn.
func (c sleeper) Recv(ctx context.Context) (transports.Message, error) {
	m, err := c.Conn.Recv(ctx)
	if err == nil && m.Offset%50 == 25 {
		time.Sleep(5 * time.Millisecond)
	}
	return m, err
}

// A wordy connection sends a byte more with every message than it need, and takes it away again where the
// message arrives.
type wordy struct{ transports.Conn }

const filler = "~"

// Send implements transports.Conn.
func (c wordy) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	m.ID += filler
	return c.Conn.Send(ctx, m)
}

// Recv implements transports.Conn.
func (c wordy) Recv(ctx context.Context) (transports.Message, error) {
	m, err := c.Conn.Recv(ctx)
	m.ID = strings.TrimSuffix(m.ID, filler)
	return m, err
}
