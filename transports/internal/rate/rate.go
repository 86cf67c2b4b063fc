// Package rate limits how many messages a connection may send.
package rate

import "time"

// A Bucket is a token bucket: so many a second, with bursts of twice that. Not for concurrent use.
type Bucket struct {
	perSecond float64
	tokens    float64
	last      time.Time
}

// New returns a full Bucket.
func New(perSecond int) *Bucket {
	return &Bucket{perSecond: float64(perSecond), tokens: 2 * float64(perSecond), last: time.Now()}
}

// Take uses n tokens, or returns false and uses none.
func (b *Bucket) Take(n int) bool {
	if n == 0 {
		return true
	}
	if b.tokens < float64(n) {
		now := time.Now()
		b.tokens = min(b.tokens+now.Sub(b.last).Seconds()*b.perSecond, 2*b.perSecond)
		b.last = now
		if b.tokens < float64(n) {
			return false
		}
	}
	b.tokens -= float64(n)
	return true
}
