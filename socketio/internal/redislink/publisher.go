package redislink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

const (
	// maxQueued bounds what waits for Redis; beyond, callers wait.
	maxQueued = 4096
	// maxBatch bounds how many commands travel in one write.
	maxBatch = 256
)

// ErrClosed means that the link has been closed.
var ErrClosed = errors.New("the way to Redis is closed")

// ErrBacklog means that Redis is away and that enough is waiting for it already.
var ErrBacklog = errors.New("redis is away and the queue for it is full")

// A publisher sends commands in the order in which it was given them. Whatever has gathered while the last write was under
// way goes out in one.
type publisher struct {
	ctx      context.Context // ends with the link
	log      *slog.Logger
	queue    chan order
	pipeline func(context.Context) (redis.Pipeliner, error)
	failing  atomic.Bool // the last write failed
}

type order struct {
	add  func(context.Context, redis.Pipeliner) redis.Cmder
	done chan<- error // with room for one, or nil if nobody waits
}

// Send queues a command and returns. A failure is logged. It waits only while the queue is full and Redis takes commands.
func (p *publisher) Send(ctx context.Context, add func(context.Context, redis.Pipeliner) redis.Cmder) error {
	return p.enqueue(ctx, order{add: add})
}

// Do queues a command and waits until Redis has answered it.
func (p *publisher) Do(ctx context.Context, add func(context.Context, redis.Pipeliner) redis.Cmder) error {
	done := make(chan error, 1)
	if err := p.enqueue(ctx, order{add: add, done: done}); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.ctx.Done():
		return ErrClosed
	}
}

func (p *publisher) enqueue(ctx context.Context, o order) error {
	if p.ctx.Err() != nil {
		return ErrClosed
	}
	select {
	case p.queue <- o:
		return nil
	default:
	}
	if p.failing.Load() {
		return ErrBacklog
	}
	select {
	case p.queue <- o:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.ctx.Done():
		return ErrClosed
	}
}

// run writes until the link is closed, and then once more if anything is queued and Redis is there.
func (p *publisher) run() {
	batch := make([]order, 0, maxBatch)
	for {
		select {
		case o := <-p.queue:
			batch = p.gather(append(batch[:0], o))
			p.write(batch)
			clear(batch)
		case <-p.ctx.Done():
			for len(p.queue) > 0 && !p.failing.Load() {
				p.write(p.gather(batch[:0]))
			}
			return
		}
	}
}

func (p *publisher) gather(batch []order) []order {
	for len(batch) < maxBatch {
		select {
		case o := <-p.queue:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

func (p *publisher) write(batch []order) {
	ctx := context.WithoutCancel(p.ctx) // the client's own time-outs bound the write, also the last one
	commands := make([]redis.Cmder, len(batch))
	pipe, err := p.pipeline(ctx)
	if err == nil {
		for i, o := range batch {
			commands[i] = o.add(ctx, pipe)
		}
		_, err = pipe.Exec(ctx) // the first of the commands' own errors
	}
	failed := 0
	for i, o := range batch {
		own := err
		if commands[i] != nil {
			own = commands[i].Err()
		}
		if own != nil {
			failed++
		}
		if o.done != nil {
			o.done <- own
		}
	}
	switch was := p.failing.Swap(failed > 0); {
	case failed > 0 && !was:
		p.log.Warn("messages did not reach the other nodes", "messages", failed, "error", fmt.Sprint(err))
	case failed == 0 && was:
		p.log.Info("messages reach the other nodes again")
	}
}
