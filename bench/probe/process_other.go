//go:build !linux

package probe

import (
	"errors"
	"time"
)

// Process is not available on this system.
func Process(int) (Sample, error) {
	return Sample{At: time.Now()}, errors.New("processes can be read on Linux alone")
}

// Stolen is not known on this system.
func Stolen() time.Duration { return 0 }
