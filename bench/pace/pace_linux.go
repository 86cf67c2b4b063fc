package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// Sharpen makes the timers of the calling thread fire within a microsecond instead of the usual 50; the
// goroutine must have locked it. Where the kernel refuses, they stay as they are and the lateness that every
// run reports shows it.
func Sharpen() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }

// Sleep blocks the thread. A signal ends it early, which the caller's loop does not mind.
func Sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil)
}
