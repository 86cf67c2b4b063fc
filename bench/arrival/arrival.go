// Package arrival draws the times at which messages are to be sent, before any is: pure functions of a
// workload and a seed. Every arm of a comparison therefore gets the same times, and a server that stalls
// does not thin out the load that would show it (coordinated omission).
package arrival

import (
	"math"
	"math/rand/v2"
	"time"

	"transportlab/bench/workload"
)

// Times returns the intended send times within [0, length) of a stream of rate messages a second,
// rising, from the beginning of the stream. The number of times is that of the process: length × rate
// when it is constant, and in the mean when it is drawn; onoff sends at rate while it is on.
//
// The process trace has no rate: see [Load].
func Times(a workload.Arrival, rate float64, length time.Duration, seed uint64) []time.Duration {
	switch a.Process {
	case workload.Poisson:
		return poisson(rate, length, seed)
	case workload.Bursts:
		return spaced(rate, length, a.Burst)
	case workload.OnOff:
		return onOff(rate, length, time.Duration(a.On), time.Duration(a.Off))
	default:
		return spaced(rate, length, 1)
	}
}

// spaced sends burst messages at once, at even distances. Each time is computed from its number, so that
// rounding does not add up.
func spaced(rate float64, length time.Duration, burst int) []time.Duration {
	step := float64(burst) / rate * float64(time.Second)
	times := make([]time.Duration, 0, int(math.Ceil(float64(length)/step))*burst)
	for i := 0; ; i++ {
		at := time.Duration(math.Round(float64(i) * step))
		if at >= length {
			return times
		}
		for range burst {
			times = append(times, at)
		}
	}
}

func poisson(rate float64, length time.Duration, seed uint64) []time.Duration {
	rng := rand.New(rand.NewPCG(seed, 0x706f6973736f6e))
	mean := float64(time.Second) / rate
	expected := float64(length) / mean
	times := make([]time.Duration, 0, int(expected+4*math.Sqrt(expected))+1)
	for at := rng.ExpFloat64() * mean; at < float64(length); at += rng.ExpFloat64() * mean {
		times = append(times, time.Duration(at))
	}
	return times
}

func onOff(rate float64, length, on, off time.Duration) []time.Duration {
	var times []time.Duration
	loud := spaced(rate, on, 1)
	for start := time.Duration(0); start < length; start += on + off {
		for _, at := range loud {
			if start+at >= length {
				return times
			}
			times = append(times, start+at)
		}
	}
	return times
}
