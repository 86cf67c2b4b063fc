package transporttest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"transportlab/transports"
)

func contexts(w *world) {
	c, other := w.dial("t", transports.Cursor{}), w.dial("t", transports.Cursor{})
	ended, cancel := context.WithCancel(w.ctx)
	cancel()
	if m, err := c.Recv(ended); !errors.Is(err, context.Canceled) {
		w.fatal("Recv with a context that has ended: %s, %v", describe(m), err)
	}
	if at, err := c.Send(ended, text("ended", 0)); !errors.Is(err, context.Canceled) {
		w.fatal("Send with a context that has ended: %s, %v", at, err)
	}
	w.receiveInPieces(c, other)
	w.sendInPieces(c)
}

// receiveInPieces has contexts end while c waits, while it reads, and while messages come.
func (w *world) receiveInPieces(c, other transports.Conn) {
	const n = 30
	w.expectTimeout(c) // before anything has come
	wg := w.group()
	wg.Go(func() {
		for i := range n {
			if _, err := other.Send(w.ctx, text("piece", i)); err != nil {
				w.broke("Send: %v", err)
			}
		}
	})
	defer wg.Wait()
	for i := 0; i < n; {
		ctx, cancel := context.WithTimeout(w.ctx, time.Duration(i%5+1)*300*time.Microsecond)
		m, err := c.Recv(ctx)
		cancel()
		switch {
		case err == nil && m.Offset == uint64(i)+1:
			i++
		case err == nil:
			w.fatal("after message %d came %s", i, describe(m))
		case !errors.Is(err, context.DeadlineExceeded):
			w.fatal("Recv returned %v; want a message or the context's error", err)
		}
		if w.ctx.Err() != nil {
			w.fatal("with short contexts only %d of %d messages came", i, n)
		}
	}
	w.expectTimeout(c)
}

func (w *world) expectTimeout(c transports.Conn) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Millisecond)
	defer cancel()
	if m, err := c.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
		w.fatal("Recv on an idle topic returned %s, %v; want the context's error", describe(m), err)
	}
}

// sendInPieces has contexts end at any point of Send: whether the message was stored is open, and the
// same call again closes it.
func (w *world) sendInPieces(c transports.Conn) {
	const n = 20
	for i := range n {
		ctx, cancel := context.WithTimeout(w.ctx, time.Duration(i)*50*time.Microsecond)
		at, err := c.Send(ctx, text("cut", i))
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			w.fatal("Send returned %v; want a position or the context's error", err)
		}
		if again := w.send(c, text("cut", i)); err == nil && again.Cursor != at {
			w.fatal("message %s was stored at %s and at %s", again.ID, at, again.Cursor)
		}
	}
	for i := range n {
		if m := w.receive(c); m.ID != text("cut", i).ID {
			w.fatal("%s came where %s should", describe(m), text("cut", i).ID)
		}
	}
}

func closing(w *world) {
	stub := w.nodes[0].log.(*stubLog)
	c := w.dial("t", transports.Cursor{})
	w.expect(c, w.send(c, text("m", 0)))
	stub.holdAppends(true)
	wg := w.group()
	wg.Go(func() {
		if m, err := c.Recv(w.ctx); !errors.Is(err, transports.ErrClosed) {
			w.broke("a pending Recv returned %s, %v", describe(m), err)
		}
	})
	wg.Go(func() {
		if at, err := c.Send(w.ctx, text("m", 1)); !errors.Is(err, transports.ErrClosed) {
			w.broke("a pending Send returned %s, %v", at, err)
		}
	})
	w.eventually(func() bool { return stub.holding() > 0 }, "a Send never reached the log")
	c.Close()
	wg.Wait()
	stub.holdAppends(false)
	for range 2 {
		if m, err := c.Recv(w.ctx); !errors.Is(err, transports.ErrClosed) {
			w.broke("a later Recv returned %s, %v", describe(m), err)
		}
		if at, err := c.Send(w.ctx, text("m", 2)); !errors.Is(err, transports.ErrClosed) {
			w.broke("a later Send returned %s, %v", at, err)
		}
		c.Close()
	}
	unused := w.dial("t", transports.Cursor{})
	unused.Close()
	if m, err := unused.Recv(w.ctx); !errors.Is(err, transports.ErrClosed) {
		w.broke("Recv of a connection that was closed unused returned %s, %v", describe(m), err)
	}
}

func dialling(w *world) {
	for _, topic := range []string{"", "_private", "a b", "é", "a/b", "..%2f", "a?b", "a#b", "{tag}", "a\r\nb", strings.Repeat("t", 129)} {
		c, err := w.arm.Dial(w.ctx, w.target(topic, transports.Cursor{}))
		if err == nil {
			_, err = c.Send(w.ctx, text("m", 0))
			c.Close()
		}
		if !errors.Is(err, transports.ErrTopic) {
			w.broke("topic %.20q: %v", topic, err)
		}
	}
	longest := w.dial(strings.Repeat("t", 128), transports.Cursor{})
	w.expect(longest, w.send(longest, text("m", 0)))
}

func idleDial(w *world) {
	c := w.dial("t", transports.Cursor{})
	w.store("t", "m", 500) // nobody wants them
	for i := range 5 {
		w.send(c, text("idle", i))
	}
	if err := c.Close(); err != nil {
		w.broke("Close returned %v", err)
	}
}

// A stubLog is a log that can be made to fail, or to hold what is appended.
type stubLog struct {
	transports.Log
	mu    sync.Mutex
	err   error         // returned by every call
	calls int           // that returned err
	gate  chan struct{} // appends wait until it is closed; nil: none waits
	held  int           // appends that wait
}

// stubLogs puts stubs over the logs of a world.
func stubLogs(w *world) {
	for i := range w.nodes {
		w.nodes[i].log = &stubLog{Log: w.nodes[i].log}
	}
}

func (l *stubLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.calls = err, 0
}

func (l *stubLog) failed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

func (l *stubLog) holdAppends(hold bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if hold {
		l.gate = make(chan struct{})
	} else {
		close(l.gate)
		l.gate = nil
	}
}

func (l *stubLog) holding() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// state returns what the next call does.
func (l *stubLog) state() (chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		l.calls++
	}
	return l.gate, l.err
}

func (l *stubLog) Append(ctx context.Context, topic string, m transports.Message) (transports.Cursor, error) {
	gate, err := l.state()
	if err != nil {
		return transports.Cursor{}, err
	}
	if gate != nil {
		l.mu.Lock()
		l.held++
		l.mu.Unlock()
		select {
		case <-gate:
		case <-ctx.Done():
			return transports.Cursor{}, ctx.Err()
		}
	}
	return l.Log.Append(ctx, topic, m)
}

func (l *stubLog) Read(ctx context.Context, topic string, after transports.Cursor, limit int) ([]transports.Message, error) {
	if _, err := l.state(); err != nil {
		return nil, err
	}
	return l.Log.Read(ctx, topic, after, limit)
}

func (l *stubLog) Wait(ctx context.Context, topic string, after transports.Cursor) error {
	if _, err := l.state(); err != nil {
		return err
	}
	return l.Log.Wait(ctx, topic, after)
}
