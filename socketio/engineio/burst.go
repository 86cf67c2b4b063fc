package engineio

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// bursts keeps memory low while and after many WebSockets come at once: net/http leaves some 14 KiB of garbage for each
// connection that is taken over, more than the connection itself needs from then on. The collector alone lets garbage grow
// to the size of what lives, and gives memory back to the system slowly.
type bursts struct {
	mu      sync.Mutex
	since   int // connections since the last collection
	total   int // connections since memory was given back
	running bool
	timer   *time.Timer
	ended   bool
	work    sync.WaitGroup
}

const (
	burstSize  = 500                    // connections whose garbage is worth a collection
	burstPart  = 4                      // or this part of the sessions, if that is more: it bounds the collector's share
	burstPause = 250 * time.Millisecond // without new connections: the burst is over
)

// arrived counts a connection that was taken over, beside so many sessions.
func (b *bursts) arrived(sessions int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since++
	b.total++
	worth := max(burstSize, sessions/burstPart)
	if b.ended {
		return
	}
	if b.since >= worth && !b.running {
		b.since, b.running = 0, true
		b.work.Go(b.collect) // ends with the collection
	}
	switch {
	case b.total < worth:
	case b.timer == nil:
		b.timer = time.AfterFunc(burstPause, b.over)
	default:
		b.timer.Reset(burstPause)
	}
}

func (b *bursts) collect() {
	runtime.GC()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = false
}

func (b *bursts) over() {
	b.mu.Lock()
	ended := b.ended
	if !ended {
		b.since, b.total = 0, 0
		b.work.Add(1)
	}
	b.mu.Unlock()
	if !ended {
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
