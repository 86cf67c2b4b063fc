package transports

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A Backoff is how long to wait between attempts to connect: a random time up to Min, 2·Min, 4·Min …
// Max ("full jitter"), at least what the server asked for with RetryAfter. The zero value of a field
// is its default.
type Backoff struct {
	Min time.Duration // 100 ms
	Max time.Duration // 30 s
}

func (b Backoff) wait(attempt int, err error) time.Duration {
	set(&b.Min, 100*time.Millisecond)
	set(&b.Max, 30*time.Second)
	most := b.Max
	if attempt = max(attempt, 0); attempt < 30 && b.Min<<attempt < b.Max {
		most = b.Min << attempt
	}
	d := mathrand.N(most) + 1
	var e *Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		d += e.RetryAfter
	}
	return d
}

// Redial returns a Conn that survives the connections below it: when one ends with an error that may
// pass, it dials again, after a pause, at its last cursor, and sends again, under the same ID, what
// was not acknowledged. A server that is killed, a network that is cut and a node that drains show
// only as time. An error that cannot pass (ErrUnauthorized, ErrForbidden, a close code from 4500 on)
// is returned and ends the Conn. ctx bounds the Conn's life; nothing is dialled before it is needed.
func Redial(ctx context.Context, t Transport, target Target, b Backoff) Conn {
	ctx, cancel := context.WithCancelCause(ctx)
	return &redial{t: t, target: target, backoff: b, ctx: ctx, cancel: cancel, after: target.After, dialler: make(chan struct{}, 1)}
}

type redial struct {
	t       Transport
	target  Target
	backoff Backoff
	ctx     context.Context // ends with Close or a final error
	cancel  context.CancelCauseFunc

	recv  sync.Mutex // Recv: one at a time; guards after
	after Cursor

	attempt atomic.Int32  // failures since something last succeeded
	dialler chan struct{} // has room for one: who dials for all

	mu     sync.Mutex
	conn   *dialled // nil: to be dialled
	failed error    // the last failure, if it was not waited for yet
}

// A dialled is one connection; its address tells it from others.
type dialled struct{ Conn }

// Send implements Conn.
func (r *redial) Send(ctx context.Context, m Message) (Cursor, error) {
	if m.ID == "" {
		m.ID = rand.Text() // the same for every attempt
	}
	for {
		conn, err := r.connect(ctx)
		if err != nil {
			return Cursor{}, err
		}
		c, err := conn.Send(ctx, m)
		if err == nil {
			r.attempt.Store(0)
		}
		if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUTF8) || CheckID(m.ID) != nil {
			return c, err
		}
		if err := r.lost(ctx, conn, err); err != nil {
			return Cursor{}, err
		}
	}
}

// Recv implements Conn.
func (r *redial) Recv(ctx context.Context) (Message, error) {
	r.recv.Lock()
	defer r.recv.Unlock()
	for {
		conn, err := r.connect(ctx)
		if err != nil {
			return Message{}, err
		}
		m, err := conn.Recv(ctx)
		var gap *GapError
		switch {
		case err == nil:
			r.moved(m.Cursor)
			r.attempt.Store(0)
			return m, nil
		case errors.As(err, &gap):
			r.moved(gap.Resume())
			return Message{}, err
		}
		if err := r.lost(ctx, conn, err); err != nil {
			return Message{}, err
		}
	}
}

func (r *redial) moved(c Cursor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.after = c
}

// connect returns the connection, which it dials if need be.
func (r *redial) connect(ctx context.Context) (*dialled, error) {
	select {
	case r.dialler <- struct{}{}:
		defer func() { <-r.dialler }()
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
	for {
		if err := ended(ctx, r.ctx); err != nil {
			return nil, err
		}
		r.mu.Lock()
		conn, failed, target := r.conn, r.failed, r.target
		target.After, r.failed = r.after, nil
		r.mu.Unlock()
		if conn != nil {
			return conn, nil
		}
		if failed != nil && !r.pause(ctx, failed) {
			continue
		}
		c, err := r.try(ctx, target)
		switch {
		case err == nil:
			conn = &dialled{c}
			r.mu.Lock()
			r.conn = conn
			r.mu.Unlock()
			if ended(r.ctx) == nil {
				return conn, nil
			}
			conn.Close() // Close came meanwhile, and may have missed it
		case ended(ctx, r.ctx) != nil:
		case !passes(err):
			r.cancel(err)
		default:
			r.fail(err)
		}
	}
}

func (r *redial) fail(err error) {
	r.mu.Lock()
	r.failed = err
	r.mu.Unlock()
	r.attempt.Add(1)
}

// try dials within both contexts.
func (r *redial) try(ctx context.Context, target Target) (Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	return r.t.Dial(ctx, target)
}

// pause waits before the next attempt; false when a context ended meanwhile.
func (r *redial) pause(ctx context.Context, failed error) bool {
	t := time.NewTimer(r.backoff.wait(int(r.attempt.Load())-1, failed))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
	return false
}

// lost lets go of a connection that failed; its error is what the caller is to return.
func (r *redial) lost(ctx context.Context, conn *dialled, err error) error {
	if e := ended(ctx, r.ctx); e != nil {
		return e
	}
	r.mu.Lock()
	mine := r.conn == conn
	if mine {
		r.conn = nil
	}
	r.mu.Unlock()
	if mine {
		conn.Close()
		r.fail(err)
	}
	if !passes(err) {
		r.cancel(err)
		return err
	}
	return nil
}

// passes tells whether dialling again can help. Errors that are not the contract's are the network's.
func passes(err error) bool {
	var e *Error
	return !errors.As(err, &e) || e.Retryable
}

// ended returns why one of the contexts has ended, nil if none has.
func ended(ctxs ...context.Context) error {
	for _, ctx := range ctxs {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// Close implements Conn.
func (r *redial) Close() error {
	r.cancel(ErrClosed)
	r.mu.Lock()
	conn := r.conn
	r.conn = nil
	r.mu.Unlock()
	if conn != nil {
		return conn.Close()
	}
	return nil
}
