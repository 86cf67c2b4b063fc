//go:build !linux

package probe

import "time"

// Burn spins for as long by the wall clock: this system's threads have no clock that can be read here.
func Burn(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}
