package calibrate

import (
	"context"
	"slices"
	"sync"
	"time"

	"transportlab/bench/pace"
	"transportlab/transports"
)

// A ledger is what an injector says that it has done.
type ledger struct {
	mu    sync.Mutex
	kept  []time.Duration // how long each message was kept back
	count int             // of faults
}

func (l *ledger) keep(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, d)
}

func (l *ledger) fault() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
}

func (l *ledger) faults() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// median is how long the middle message was kept back; 0 when there was none.
func (l *ledger) median() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l.kept))
	return sorted[len(sorted)/2]
}

// A delayed connection hands each message on a fixed time after the connection beneath had it, however
// close messages follow each other, and writes down when it really did. One goroutine may call Recv.
type delayed struct {
	transports.Conn
	delay  time.Duration
	wait   func(until time.Time)
	ledger *ledger

	once    sync.Once
	ctx     context.Context // of the goroutine that receives; ends with Close
	cancel  context.CancelFunc
	arrived chan arrived
	pump    sync.WaitGroup
}

// An arrived is what the connection beneath returned, and when.
type arrived struct {
	m   transports.Message
	err error
	at  time.Time
}

// delay puts connections under a delay; wait returns at the moment that it is given.
func delay(d time.Duration, wait func(time.Time), l *ledger) func(transports.Conn) transports.Conn {
	return func(c transports.Conn) transports.Conn {
		ctx, cancel := context.WithCancel(context.Background())
		return &delayed{Conn: c, delay: d, wait: wait, ledger: l, ctx: ctx, cancel: cancel, arrived: make(chan arrived, 1024)}
	}
}

// receive stamps what comes from beneath, until the connection is closed.
func (c *delayed) receive() {
	for {
		m, err := c.Conn.Recv(c.ctx)
		select {
		case c.arrived <- arrived{m, err, time.Now()}:
		case <-c.ctx.Done():
			return
		}
	}
}

// Recv implements transports.Conn.
func (c *delayed) Recv(ctx context.Context) (transports.Message, error) {
	c.once.Do(func() { c.pump.Go(c.receive) }) // ends with Close
	select {
	case a := <-c.arrived:
		if a.err != nil {
			return a.m, a.err
		}
		c.wait(a.at.Add(c.delay))
		c.ledger.keep(time.Since(a.at))
		return a.m, nil
	case <-c.ctx.Done():
		return transports.Message{}, transports.ErrClosed
	case <-ctx.Done():
		return transports.Message{}, ctx.Err()
	}
}

// Close implements transports.Conn.
func (c *delayed) Close() error {
	c.cancel()
	err := c.Conn.Close()
	c.pump.Wait()
	return err
}

// exactly waits until a moment and returns hardly after it. The system's own sleep is some 50 µs late, and the
// runtime's a millisecond, so the thread sleeps, and the last stretch is spent looking at the clock.
func exactly(until time.Time) {
	const sure = 200 * time.Microsecond
	if d := time.Until(until); d > sure {
		pace.Sleep(d - sure)
	}
	for time.Now().Before(until) {
	}
}
