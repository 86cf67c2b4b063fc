package bench

import (
	"math"
	"runtime"
	"runtime/debug"

	"transportlab/bench/probe"
)

// undisturbed keeps the Go runtime out of the way of the schedule while the driver measures, and returns
// what restores the former settings.
//
// Garbage collections are put off until the driver holds half a gigabyte, or a quarter of the machine's memory
// at most: one takes a processor away for milliseconds, which a message that is due then would have to wait
// for. Each run begins with a collection of its own.
//
// The runtime gets a processor more than the machine has: a thread that returns from a precise sleep when all
// are taken waits until a goroutine gives one back, up to 10 ms, whereas the operating system runs a thread that
// has slept at once.
func undisturbed() (restore func()) {
	const often = 100 * 512 / 4 // the runtime's least heap is 4 MiB × GOGC/100
	percent := debug.SetGCPercent(often)
	limit := debug.SetMemoryLimit(-1)
	if memory := probe.Environment().Memory; limit == math.MaxInt64 && memory > 0 {
		debug.SetMemoryLimit(int64(memory / 4))
	}
	procs := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(procs + 1)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		runtime.GOMAXPROCS(procs)
	}
}
