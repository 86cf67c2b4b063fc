package redislog

import "time"

// control subscribes, leaves, and makes sure that a silent connection is alive. It is a goroutine of
// its own because the receiver must not wait for a write.
func (k *link) control() {
	interval := k.log.o.Check
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-k.log.ctx.Done():
			k.hangUp()
			return
		case <-k.wake:
			if k.deaf.Swap(false) {
				k.hangUp()
			}
			k.subscribe()
		case <-tick.C:
			k.mu.Lock()
			ps, idle := k.ps, len(k.feeds) == 0
			k.mu.Unlock()
			silent := time.Since(time.Unix(0, k.heard.Load()))
			switch {
			case ps == nil || idle:
				k.heard.Store(time.Now().UnixNano())
			case silent > 2*interval+k.log.o.Timeout:
				k.log.o.Logger.Warn("redislog: subscriber connection is silent", "for", silent)
				k.hangUp()
			case silent > interval/2:
				_ = ps.Ping(k.log.ctx) // a failure shows in the receiver
			}
		}
	}
}

// subscribe sends what is to do.
func (k *link) subscribe() {
	k.mu.Lock()
	ps := k.ps
	var enter, leave []string
	if ps != nil {
		for channel, subscribe := range k.todo {
			if subscribe {
				enter = append(enter, channel)
			} else {
				leave = append(leave, channel)
			}
		}
		clear(k.todo)
	}
	k.mu.Unlock()
	ctx := k.log.ctx
	var err error
	switch {
	case k.sharded: // one command for channels of several slots is refused
		for _, channel := range leave {
			err = firstOf(err, ps.SUnsubscribe(ctx, channel))
		}
		for _, channel := range enter {
			err = firstOf(err, ps.SSubscribe(ctx, channel))
		}
	default:
		if len(leave) > 0 {
			err = ps.Unsubscribe(ctx, leave...)
		}
		if len(enter) > 0 {
			err = firstOf(err, ps.Subscribe(ctx, enter...))
		}
	}
	if err != nil {
		k.hangUp()
	}
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
