package link

import (
	"container/heap"
	"runtime"
	"sync"
	"time"

	"transportlab/bench/pace"
)

// A clock tells when a moment has come, within about a tenth of a millisecond: timers of the Go runtime are up
// to one late, which is the whole delay of a fast network.
type clock struct {
	began time.Time
	mu    sync.Mutex
	woken *sync.Cond
	due   alarms
	ended bool
	done  chan struct{} // closed when it has ended
	work  sync.WaitGroup
}

func newClock() *clock {
	c := &clock{began: time.Now(), done: make(chan struct{})}
	c.woken = sync.NewCond(&c.mu)
	c.work.Go(c.run) // ends with close
	return c
}

// now is the time in nanoseconds.
func (c *clock) now() int64 { return int64(time.Since(c.began)) }

// at returns a channel that is closed when the moment has come; when the clock ends before, done is.
func (c *clock) at(due int64) <-chan struct{} {
	a := alarm{due, make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	heap.Push(&c.due, a)
	c.woken.Signal()
	return a.rings
}

func (c *clock) run() {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, and its timer slack with it
	pace.Sharpen()
	const nap = 100 * time.Microsecond // an alarm that is set meanwhile may be due before the one that is waited for
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.ended {
		if len(c.due) == 0 {
			c.woken.Wait()
			continue
		}
		if wait := c.due[0].due - c.now(); wait > 0 {
			c.mu.Unlock()
			pace.Sleep(min(time.Duration(wait), nap))
			c.mu.Lock()
			continue
		}
		close(heap.Pop(&c.due).(alarm).rings)
	}
}

func (c *clock) close() {
	c.mu.Lock()
	c.ended = true
	c.woken.Signal()
	c.mu.Unlock()
	c.work.Wait()
	close(c.done)
}

// An alarm is a moment that somebody waits for.
type alarm struct {
	due   int64
	rings chan struct{}
}

// alarms are a heap, the next first.
type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].due < a[j].due }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = alarm{}
	*a = (*a)[:last]
	return x
}
