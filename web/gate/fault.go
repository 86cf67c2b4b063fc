package gate

import (
	"fmt"
	"sync"
	"time"
)

// A Fault is what a gate does to the bytes that pass. The zero value does nothing.
type Fault struct {
	DelayMs        float64 `json:"delayMs"`        // each way; a new connection costs one round trip more
	JitterMs       float64 `json:"jitterMs"`       // more delay, at random up to this; order is kept, as TCP keeps it
	RateKbit       float64 `json:"rateKbit"`       // kilobits a second each way, all connections together; 0 is any
	Stall          bool    `json:"stall"`          // nothing passes, and nobody is told
	BlockWebSocket bool    `json:"blockWebSocket"` // upgrades are answered 403, as some proxies do
	Buffer         bool    `json:"buffer"`         // an answer passes when it is whole, or has 64 KiB, as some proxies do
}

// Limits of a Fault.
const (
	maxDelayMs  = 10_000
	minRateKbit = 1
	maxRateKbit = 10_000_000
)

// Check returns an error that names the field which is out of its range.
func (f Fault) Check() error {
	between := func(name string, v, most float64) error {
		if !(v >= 0 && v <= most) {
			return fmt.Errorf("%s must be between 0 and %g", name, most)
		}
		return nil
	}
	if err := between("delayMs", f.DelayMs, maxDelayMs); err != nil {
		return err
	}
	if err := between("jitterMs", f.JitterMs, maxDelayMs); err != nil {
		return err
	}
	if f.RateKbit != 0 && !(f.RateKbit >= minRateKbit && f.RateKbit <= maxRateKbit) {
		return fmt.Errorf("rateKbit must be 0 or between %d and %d", minRateKbit, maxRateKbit)
	}
	return nil
}

// delay is how long bytes take that drew the fraction luck of the jitter.
func (f Fault) delay(luck float64) time.Duration {
	return time.Duration((f.DelayMs + luck*f.JitterMs) * float64(time.Millisecond))
}

// faults hold the fault in force, and wake who waits under it when it changes.
type faults struct {
	mu      sync.Mutex
	fault   Fault
	changed chan struct{} // closed and replaced with each change
}

func (f *faults) get() (Fault, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault, f.changed
}

func (f *faults) set(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
	close(f.changed)
	f.changed = make(chan struct{})
}

// A link is one direction's share of a narrow way, for all connections together.
type link struct {
	mu   sync.Mutex
	free time.Time // when the last byte that was let in will have passed
}

// reserve lets n bytes in and returns when the last of them has passed.
func (l *link) reserve(now time.Time, n int, rateKbit float64) time.Time {
	if rateKbit == 0 {
		return now
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) * 8 / rateKbit * float64(time.Millisecond)))
	return l.free
}

// piece is how many bytes pass a narrow link at a time: what takes about 20 ms, so that several
// connections share it and a change of the fault is felt.
func piece(rateKbit float64) int {
	if rateKbit == 0 {
		return 1 << 20
	}
	return max(256, int(rateKbit*20/8))
}
