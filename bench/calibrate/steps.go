package calibrate

import (
	"context"
	"time"
)

// A step plants something and reads it. Its checks stand in the order of the table.
type step struct {
	name  string
	takes time.Duration // about, for the progress
	less  string        // what a quick calibration leaves out of it; "" is nothing, or it is the full one
	read  func(context.Context, Config) (reading, error)
}

// steps are the table of known truths, row by row.
func steps(c Config) []step {
	list := []struct {
		step
		quick time.Duration
	}{
		{step{"known delays", 25 * time.Second, "4 runs of each instead of 9, and none over a WebSocket", readDelays}, 6 * time.Second},
		{step{"known bytes", 3 * time.Second, "streaming, longpoll, TLS and HTTP/2 are left out", readBytes}, 1500 * time.Millisecond},
		{step{"a server that stalls", 31 * time.Second, "one stall of 500ms instead of three of 1s, over streaming instead of polling", readStall}, 4500 * time.Millisecond},
		{step{"lost, repeated and swapped messages", 2500 * time.Millisecond, "5,000 messages instead of 10,000", readFaults}, 800 * time.Millisecond},
		{step{"burnt CPU time", 14 * time.Second, "5 pairs of runs instead of 9, and shorter", readBurn}, 4 * time.Second},
		{step{"a transport compared with itself", 45 * time.Second, "15 comparisons instead of 200", readSame}, 4 * time.Second},
		{step{"a transport that sleeps", 9 * time.Second, "2 comparisons instead of 10", readSleeper}, 2 * time.Second},
		{step{"a transport that drops messages", 5 * time.Second, "3 runs instead of 20", readDropper}, time.Second},
		{step{"a transport with a byte too much", 4 * time.Second, "2 pairs of runs instead of 5", readWordy}, 2 * time.Second},
		{step{"the driver's capacity", 6 * time.Second, "", readCapacity}, 4 * time.Second},
	}
	steps := make([]step, len(list))
	for i, s := range list {
		steps[i] = s.step
		if c.Quick {
			steps[i].takes = s.quick
		} else {
			steps[i].less = ""
		}
		if c.Vegeta != "" && s.name == "a server that stalls" {
			steps[i].takes *= 2
		}
	}
	return steps
}
