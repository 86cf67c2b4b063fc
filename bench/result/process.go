package result

import "time"

// A Process is what one process used. CPU and counters are of the measured part; Idle is what the same
// process would use in it without any client, by a shorter stretch before the first one came, and is not
// yet subtracted.
type Process struct {
	User         time.Duration `json:"user"`         // CPU time in user mode
	System       time.Duration `json:"system"`       // CPU time in the kernel
	CPU          time.Duration `json:"cpu"`          // both, by the process's own clock, finer than the two above
	Idle         time.Duration `json:"idle"`         // CPU of an idle stretch of that length
	Voluntary    uint64        `json:"voluntary"`    // context switches by waiting
	Involuntary  uint64        `json:"involuntary"`  // context switches by being pushed aside
	GCs          uint64        `json:"gcs"`          // collections of garbage
	GCPause      time.Duration `json:"gc_pause"`     // time for which they stopped the program
	Before       Footprint     `json:"before"`       // before any client came
	Connected    Footprint     `json:"connected"`    // all clients connected, before the load
	After        Footprint     `json:"after"`        // right after the load
	Disconnected Footprint     `json:"disconnected"` // all clients gone
}

// A Footprint is what a process holds at one moment.
type Footprint struct {
	RSS         uint64 `json:"rss"`         // resident memory
	Heap        uint64 `json:"heap"`        // live and dead objects
	Stacks      uint64 `json:"stacks"`      // of goroutines
	Goroutines  int    `json:"goroutines"`  // all
	Descriptors int    `json:"descriptors"` // open files and sockets
	Threads     int    `json:"threads"`     // of the operating system
}
