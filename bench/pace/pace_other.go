//go:build !linux

package pace

import "time"

// Sharpen does nothing on this system; the lateness that every run reports shows it.
func Sharpen() {}

// Sleep is time.Sleep.
func Sleep(d time.Duration) { time.Sleep(d) }
