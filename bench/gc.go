package bench

import (
	"math"
	"runtime/debug"

	"transportlab/bench/probe"
)

// putOffGC puts the driver's garbage collections off until it holds half a gigabyte, or a quarter of the
// machine's memory at most, and returns what restores the former settings. A collection takes a processor
// away for milliseconds, which a message that is due then would have to wait for. Each run begins with a
// collection of its own.
func putOffGC() (restore func()) {
	const often = 100 * 512 / 4 // the runtime's least heap is 4 MiB × GOGC/100
	percent := debug.SetGCPercent(often)
	limit := debug.SetMemoryLimit(-1)
	if memory := probe.Environment().Memory; limit == math.MaxInt64 && memory > 0 {
		debug.SetMemoryLimit(int64(memory / 4))
	}
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
