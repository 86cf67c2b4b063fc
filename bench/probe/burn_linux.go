package probe

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Burn uses up CPU time of the calling thread, by the thread's own clock: time in which the thread does not
// run does not count.
func Burn(d time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for end := threadCPU() + d; threadCPU() < end; {
	}
}

// threadCPU is the CPU time that the calling thread has used.
func threadCPU() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic("probe: a thread's own clock cannot be read: " + err.Error()) // clock_gettime(2): the clock is always there
	}
	return time.Duration(ts.Nano())
}
