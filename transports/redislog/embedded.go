package redislog

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// startEmbedded starts a miniredis in this process, on a port of the loopback interface. It is for
// demonstrations and tests: much slower than Redis, with nothing behind it, and a subscriber anywhere
// that does not read stops it for everyone.
func startEmbedded() (spec string, stop func(), err error) {
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return "", nil, fmt.Errorf("redislog: embedded Redis: %w", err)
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // ends with stop
		// Its keys expire only when it is told that time has passed.
		const interval = time.Second
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.FastForward(interval)
			case <-quit:
				return
			}
		}
	})
	return "redis://" + m.Addr(), func() { close(quit); wg.Wait(); m.Close() }, nil
}
