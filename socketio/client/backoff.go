package client

import (
	"math"
	"time"
)

// A backoff is the pause before each attempt to reconnect: delay × 2ⁿ, shorter or longer by up to the randomization factor,
// at most the maximum, in whole milliseconds, as the official client computes it.
type backoff struct {
	attempts int
	random   func() float64 // at least 0, less than 1
}

func (b *backoff) reset() { b.attempts = 0 }

// next counts an attempt and returns the pause before it.
func (b *backoff) next(r Reconnection) time.Duration {
	ms := float64(r.Delay) / float64(time.Millisecond) * math.Pow(2, float64(min(b.attempts, 64)))
	b.attempts++
	if r.RandomizationFactor > 0 && r.RandomizationFactor <= 1 {
		chance := b.random()
		deviation := math.Floor(chance * r.RandomizationFactor * ms)
		if int(math.Floor(chance*10))&1 == 0 {
			deviation = -deviation
		}
		ms += deviation
	}
	ms = math.Trunc(min(ms, float64(r.DelayMax)/float64(time.Millisecond)))
	return time.Duration(ms) * time.Millisecond
}
