// Package probe reads what a process uses and what disturbs the machine, from the outside where the
// system allows it, so that what is measured does not measure itself.
package probe

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"transportlab/bench/result"
)

// Internals are figures that only a Go process itself knows.
type Internals struct {
	Goroutines int           `json:"goroutines"`
	Heap       uint64        `json:"heap"`     // bytes of objects, live and dead
	Stacks     uint64        `json:"stacks"`   // bytes of goroutines' stacks
	GCs        uint64        `json:"gcs"`      // collections so far
	GCPause    time.Duration `json:"gc_pause"` // for which they stopped the program, in nanoseconds
}

// ReadInternals reads those of this process. Collect first collects garbage and gives unused memory
// back, so that footprints can be compared.
func ReadInternals(collect bool) Internals {
	if collect {
		debug.FreeOSMemory()
	}
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
	}
	metrics.Read(samples)
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	return Internals{
		Goroutines: runtime.NumGoroutine(),
		Heap:       samples[0].Value.Uint64(),
		Stacks:     samples[1].Value.Uint64(),
		GCs:        uint64(gc.NumGC),
		GCPause:    gc.PauseTotal,
	}
}

// A Sample is the state of a process at one moment.
type Sample struct {
	At          time.Time
	User        time.Duration
	System      time.Duration
	CPU         time.Duration // of the process's own clock
	Voluntary   uint64
	Involuntary uint64
	RSS         uint64
	Descriptors int
	Threads     int
	Internals
}

// Footprint is the part of s that describes what the process holds.
func (s Sample) Footprint() result.Footprint {
	return result.Footprint{RSS: s.RSS, Heap: s.Heap, Stacks: s.Stacks,
		Goroutines: s.Goroutines, Descriptors: s.Descriptors, Threads: s.Threads}
}

// Between returns what a process used from one sample to a later one. floor is what it uses a second
// when it is idle.
func Between(from, to Sample, floor time.Duration) result.Process {
	length := to.At.Sub(from.At)
	return result.Process{
		User: to.User - from.User, System: to.System - from.System, CPU: to.CPU - from.CPU,
		Idle:      time.Duration(length.Seconds() * float64(floor)),
		Voluntary: later(from.Voluntary, to.Voluntary), Involuntary: later(from.Involuntary, to.Involuntary),
		GCs: later(from.GCs, to.GCs), GCPause: to.GCPause - from.GCPause,
		After: to.Footprint(),
	}
}

// later is to-from; threads that have ended take their counts with them.
func later(from, to uint64) uint64 { return max(to, from) - from }

// PerSecond is the CPU time that a process used a second between two samples.
func PerSecond(from, to Sample) time.Duration {
	length := to.At.Sub(from.At)
	if length <= 0 {
		return 0
	}
	return time.Duration(float64(to.CPU-from.CPU) / length.Seconds())
}
