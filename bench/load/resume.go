package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// cutInTurn cuts off one client after the other while the measured part of a resume workload lasts. The
// returned function ends that; it may be called twice.
func (s *session) cutInTurn(ctx context.Context, p *part) (stop func()) {
	if s.w.Cut.Every <= 0 || p.which != measured {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var cutter sync.WaitGroup
	cutter.Go(func() { // ends with ctx
		tick := time.NewTicker(time.Duration(s.w.Cut.Every))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.subs[i%len(s.subs)].cutOff()
			}
		}
	})
	return func() {
		cancel()
		cutter.Wait()
	}
}

// cutOff breaks the connection under a subscriber; one that is away already is left alone. The client
// then forgets it too: a transport that would connect again by itself shows nothing of what coming back
// at a cursor takes.
func (sub *subscriber) cutOff() {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.cut {
		return
	}
	sub.cut = true
	if sub.client.Cut != nil {
		sub.client.Cut()
	}
	_ = sub.client.Close() // it is broken; how it noticed is of no interest
}

func (sub *subscriber) wasCut() bool {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return sub.cut
}

// comeBack stays away, dials at the last cursor, and receives what was missed.
func (sub *subscriber) comeBack() error {
	s, topic := sub.s, sub.s.topics[sub.topic]
	if err := sleep(s.ctx, time.Duration(s.w.Cut.Away)); err != nil {
		return err
	}
	begin, head := s.since(), topic.tail.Load()
	c, err := s.Dial(s.ctx, topic.name, sub.cursor)
	if err != nil {
		return fmt.Errorf("coming back: %w", err)
	}
	s.figures.reconnects.Add(1)
	s.figures.reconnect.Record(max(s.since()-begin, 1))
	sub.missed = head
	sub.mu.Lock()
	sub.client, sub.cut = c, false
	sub.mu.Unlock()
	if sub.cursor.Offset >= head {
		return nil // it missed nothing
	}
	for sub.cursor.Offset < head {
		if err := sub.step(); err != nil {
			if sub.wasCut() {
				err = errors.New("cut off again before it had caught up: cut less often")
			}
			return err
		}
	}
	s.figures.catchUp.Record(max(s.since()-begin, 1))
	return nil
}
