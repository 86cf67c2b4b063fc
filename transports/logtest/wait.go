package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"transportlab/transports"
)

// waiting starts n Waits and returns where their errors will be. It cannot know that they have begun
// to wait, so tests must hold whether they have or not.
func (k *kit) waiting(ctx context.Context, log transports.Log, topic string, after transports.Cursor, n int) <-chan error {
	results := make(chan error, n)
	var wg sync.WaitGroup
	k.Cleanup(wg.Wait)
	for range n {
		wg.Go(func() { results <- log.Wait(ctx, topic, after) }) // ends with ctx
	}
	return results
}

// all returns once every one of n Waits has returned want.
func (k *kit) all(results <-chan error, n int, want error, sentence string) {
	k.Helper()
	for i := range n {
		select {
		case err := <-results:
			if !errors.Is(err, want) {
				k.breaks(sentence, "Wait %d of %d returned %v, want %v", i+1, n, err, want)
			}
		case <-time.After(patience):
			k.breaks(sentence, "%d of %d Waits still wait", n-i, n)
		}
	}
}

func waitForAppend(k *kit) {
	ctx := k.ctx()
	var after transports.Cursor
	for i := range 20 {
		results := k.waiting(ctx, k.log, "wait", after, 1)
		c := k.append("wait", fmt.Sprint(i), "x")
		k.all(results, 1, nil, waits)
		if ms := k.read("wait", after, 1); len(ms) != 1 || ms[0].Cursor != c {
			k.breaks(waits, "Wait returned, but Read after %q returned %v", after, ms)
		}
		after = c
	}
	if err := k.log.Wait(ctx, "wait", transports.Cursor{Epoch: after.Epoch, Offset: after.Offset - 1}); err != nil {
		k.breaks(waits, "with a message there: %v", err)
	}
	if err := k.log.Wait(ctx, "wait", transports.Cursor{}); err != nil {
		k.breaks(waits, "at the zero cursor with messages there: %v", err)
	}
}

func waitWakesEveryone(k *kit) {
	const n = 100
	last := k.fill("wake", 0, 1)
	ctx := k.ctx()
	results := k.waiting(ctx, k.log, "wake", last, n)
	empty := k.waiting(ctx, k.log, "wake-empty", transports.Cursor{}, n)
	k.fill("wake", 1, 1)
	k.fill("wake-empty", 0, 1)
	k.all(results, n, nil, waits)
	k.all(empty, n, nil, waits)
}

func waitContext(k *kit) {
	last := k.fill("waitctx", 0, 3)
	for _, topic := range []string{"waitctx", "waitctx-empty"} {
		after := last
		if topic != "waitctx" {
			after = transports.Cursor{}
		}
		ctx, cancel := context.WithCancel(k.ctx())
		results := k.waiting(ctx, k.log, topic, after, 10)
		cancel()
		k.all(results, 10, context.Canceled, waitsCtx)
		ctx, cancel = context.WithTimeout(k.ctx(), 5*time.Millisecond)
		if err := k.log.Wait(ctx, topic, after); !errors.Is(err, context.DeadlineExceeded) {
			k.breaks(waitsCtx, "topic %s: %v after the deadline", topic, err)
		}
		cancel()
	}
}

func lostStore(k *kit) {
	old := k.fill("lost", 0, 5)
	k.read("lost", transports.Cursor{}, 1)
	k.Lose("lost")
	for _, after := range []transports.Cursor{old, {Epoch: old.Epoch, Offset: 2}, {Epoch: old.Epoch}} {
		if g := k.gap("lost", after); g.Epoch == old.Epoch || g.First != 1 || g.Last != 0 {
			k.breaks(gap, "after %q of the lost log: %+v", after, *g)
		}
	}
	if ms := k.read("lost", transports.Cursor{}, 10); len(ms) != 0 {
		k.breaks(zeroCursor, "%d messages in a lost log", len(ms))
	}
	c := k.append("lost", "id-0", "other data") // IDs were lost as well
	if c.Epoch == old.Epoch || c.Offset != 1 {
		k.breaks(newEpoch, "%q follows on %q", c, old)
	}
	g := k.gap("lost", old)
	if g.Epoch != c.Epoch || g.First != 1 || g.Last != 1 {
		k.breaks(gap, "after %q of the lost log: %+v; now it is %q", old, *g, c)
	}
	if ms := k.read("lost", g.Resume(), 10); len(ms) != 1 || ms[0].Cursor != c {
		k.breaks(resume, "after %q: %v", g.Resume(), ms)
	}
}

func lostStoreWakes(k *kit) {
	last := k.fill("lostwake", 0, 5)
	results := k.waiting(k.ctx(), k.log, "lostwake", last, 10)
	k.Lose("lostwake")
	k.all(results, 10, nil, waitsNot)
	k.gap("lostwake", last)
}

func closeEndsWaits(k *kit) {
	last := k.fill("close", 0, 1)
	ctx := k.ctx()
	results := k.waiting(ctx, k.log, "close", last, 10)
	empty := k.waiting(ctx, k.log, "close-empty", transports.Cursor{}, 10)
	if err := k.Close(); err != nil {
		k.Fatalf("Close: %v", err)
	}
	k.all(results, 10, transports.ErrUnavailable, closing)
	k.all(empty, 10, transports.ErrUnavailable, closing)
	if _, err := k.log.Append(ctx, "close", text("x", "x")); !errors.Is(err, transports.ErrUnavailable) {
		k.breaks(closing, "Append: %v", err)
	}
	if r := k.log.AppendBatch(ctx, "close", []transports.Message{text("x", "x")}); !errors.Is(r[0].Err, transports.ErrUnavailable) {
		k.breaks(closing, "AppendBatch: %v", r[0].Err)
	}
	for _, topic := range []string{"close", "close-never"} {
		if _, err := k.log.Read(ctx, topic, last, 1); !errors.Is(err, transports.ErrUnavailable) {
			k.breaks(closing, "Read: %v", err)
		}
		if err := k.log.Wait(ctx, topic, last); !errors.Is(err, transports.ErrUnavailable) {
			k.breaks(closing, "Wait: %v", err)
		}
	}
}

func otherNode(k *kit) {
	if k.Other == nil {
		return // the store cannot be shared
	}
	ctx := k.ctx()
	var after transports.Cursor
	for i := range 50 {
		writer, reader := k.log, k.Other
		if i%2 == 1 {
			writer, reader = reader, writer
		}
		c, err := store(ctx, writer, "nodes", text(fmt.Sprint(i), "x"))
		if err != nil {
			k.Fatalf("Append: %v", err)
		}
		if err := reader.Wait(ctx, "nodes", after); err != nil {
			k.breaks(otherReader, "Wait(%q): %v", after, err)
		}
		ms, err := reader.Read(ctx, "nodes", after, 10)
		if err != nil || len(ms) != 1 || ms[0].Cursor != c {
			k.breaks(otherReader, "appended %q, read %v, %v after %q", c, ms, err, after)
		}
		after = c
		// A client that moves on to the node that has not yet heard of the message meets no gap.
		if _, err := writer.Read(ctx, "nodes", after, 10); err != nil {
			k.breaks(otherReader, "Read(%q) where it was written: %v", after, err)
		}
	}
	if c, err := k.Other.Append(ctx, "nodes", text("0", "x")); err != nil || c.Offset != 1 {
		k.breaks(idempotent, "the retry at the other node returned %q, %v", c, err)
	}
}
