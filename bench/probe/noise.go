package probe

import (
	"runtime"
	"sync"
	"time"

	"transportlab/bench/pace"
	"transportlab/bench/record"
	"transportlab/bench/result"
)

// A Sentinel watches how well the machine keeps time while something is measured: a thread of its own
// sleeps for a millisecond, again and again, and records how late it wakes up. A wake-up that is late by
// several milliseconds counts as several, since so many were missed: the distribution is over time, as a
// message that comes at any moment would meet it. Start one with Watch.
type Sentinel struct {
	late   record.Recorder
	stolen time.Duration
	stop   chan struct{}
	done   sync.WaitGroup
}

// Watch starts a sentinel; it ends with End.
func Watch() *Sentinel {
	s := &Sentinel{stolen: Stolen(), stop: make(chan struct{})}
	s.done.Go(func() { // ends with stop
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		pace.Sharpen()
		b := s.late.Buffer()
		defer b.Flush()
		for {
			select {
			case <-s.stop:
				return
			default:
			}
			start := time.Now()
			pace.Sleep(time.Millisecond)
			for late := time.Since(start) - time.Millisecond; ; {
				b.Record(max(late, result.Lowest))
				if late -= time.Millisecond; late <= 0 {
					break
				}
			}
		}
	})
	return s
}

// End stops the sentinel and returns what it saw.
func (s *Sentinel) End() (result.Noise, error) {
	close(s.stop)
	s.done.Wait()
	h, err := s.late.Histogram()
	return result.Noise{Timer: h, Stolen: max(Stolen()-s.stolen, 0)}, err
}
