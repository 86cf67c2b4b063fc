package engineio

import (
	"runtime/debug"
	"sync"
	"time"
)

// bursts gives memory back to the system after many WebSockets have come at once: net/http leaves some 14 KiB of garbage for
// each connection that is taken over, more than the connection itself needs from then on, and a runtime that is idle
// afterwards would keep it for minutes.
type bursts struct {
	mu    sync.Mutex
	since int // connections since the last time
	timer *time.Timer
	ended bool
	work  sync.WaitGroup
}

const (
	burstSize  = 1000                   // connections whose garbage is worth the work
	burstPause = 100 * time.Millisecond // without new connections: the burst is over
)

// arrived counts a connection that was taken over.
func (b *bursts) arrived() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since++
	switch {
	case b.since < burstSize, b.ended:
	case b.timer == nil:
		b.timer = time.AfterFunc(burstPause, b.over)
	default:
		b.timer.Reset(burstPause)
	}
}

func (b *bursts) over() {
	b.mu.Lock()
	due := b.since >= burstSize && !b.ended
	if due {
		b.since = 0
		b.work.Add(1)
	}
	b.mu.Unlock()
	if due {
		debug.FreeOSMemory()
		b.work.Done()
	}
}

// stop ends the counting and waits for what runs.
func (b *bursts) stop() {
	b.mu.Lock()
	b.ended = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.mu.Unlock()
	b.work.Wait()
}
