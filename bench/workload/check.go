package workload

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Bounds of a workload: beyond them one machine measures itself, or runs out of memory.
const (
	MaxClients  = 50_000
	MaxTopics   = 10_000
	MaxSize     = 16 << 20
	MaxMessages = 20_000_000 // sent in one run
	MaxDuration = 24 * time.Hour
)

// A FieldError says which field of a workload is wrong. Field is its path as in the file: "arrival.burst".
type FieldError struct {
	Field, Message string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Message }

var (
	namePattern      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	thresholdPattern = regexp.MustCompile(`^ *[A-Za-z0-9/-]+ *(<=|>=|<|>) *[+-]?[0-9.]+ *[A-Za-zµ%/]* *$|^ *([A-Za-z0-9/-]+ +)?not worse than baseline by [0-9.]+ *% *$`)
)

// Check returns a *FieldError for the first field of w that cannot be run. Give it what WithDefaults
// returned.
func (w Workload) Check() error {
	for _, check := range []func() error{w.checkNames, w.checkParties, w.checkTimes, w.checkArrival} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (w Workload) checkNames() error {
	switch {
	case !namePattern.MatchString(w.Name):
		return wrong("name", "%q is not 1 to 40 of the characters a-z 0-9 -", w.Name)
	case len(w.Explain) > 500:
		return wrong("explain", "longer than 500 bytes")
	}
	known := slices.ContainsFunc(Kinds(), func(k KindInfo) bool { return k.Kind == w.Kind })
	if !known {
		return wrong("kind", "%q is none of rtt, push, fanout, chat, ingest, idle, burst, resume", w.Kind)
	}
	for i, t := range w.Thresholds {
		if !thresholdPattern.MatchString(t) {
			return wrong(fmt.Sprintf("thresholds[%d]", i), `%q is not of the form "p99<20ms", "p99<+10%%" or "not worse than baseline by 5%%"`, t)
		}
	}
	return nil
}

func (w Workload) checkParties() error {
	switch {
	case w.Clients < 1 || w.Clients > MaxClients:
		return wrong("clients", "%d is not between 1 and %d", w.Clients, MaxClients)
	case w.Kind.SelfSending() && w.Publishers != w.Clients:
		return wrong("publishers", "in %s the clients themselves send: leave it out", w.Kind)
	case w.Kind == Idle && w.Publishers != 0:
		return wrong("publishers", "idle has none: leave it out")
	case w.Kind != Idle && (w.Publishers < 1 || w.Publishers > MaxClients):
		return wrong("publishers", "%d is not between 1 and %d", w.Publishers, MaxClients)
	case w.Topics < 1 || w.Topics > MaxTopics:
		return wrong("topics", "%d is not between 1 and %d", w.Topics, MaxTopics)
	case w.Topics > w.Clients:
		return wrong("topics", "%d topics for %d clients: somebody must read each", w.Topics, w.Clients)
	case w.Kind != Idle && w.Publishers < w.Topics:
		return wrong("publishers", "%d for %d topics: a connection is to one topic", w.Publishers, w.Topics)
	case w.Kind == RTT && w.Topics != w.Clients:
		return wrong("topics", "in rtt each client has its own: leave it out")
	case w.Kind.Shared() && w.Topics != 1:
		return wrong("topics", "in %s all clients read one: leave it out", w.Kind)
	case w.Size < 1 || w.Size > MaxSize:
		return wrong("size", "%d is not between 1 and %d bytes", w.Size, MaxSize)
	}
	return nil
}

func (w Workload) checkTimes() error {
	length := time.Duration(w.Warmup) + time.Duration(w.Duration)
	switch {
	case w.Duration <= 0 || time.Duration(w.Duration) > MaxDuration:
		return wrong("duration", "%s is not between 1ns and %s", w.Duration, MaxDuration)
	case w.Warmup < 0 || time.Duration(w.Warmup) > MaxDuration:
		return wrong("warmup", "%s is not between 0 and %s", w.Warmup, MaxDuration)
	case !(w.Rate > 0 && w.Rate <= 1e7):
		return wrong("rate", "%v is not between 0 and 10,000,000 messages a second", w.Rate)
	case !w.Kind.Closed() && w.Kind.Sends() && w.Rate*length.Seconds() > MaxMessages:
		return wrong("rate", "%v a second for %s is more than %d messages", w.Rate, length, MaxMessages)
	case w.Kind != Resume && w.Cut != Cut{}:
		return wrong("cut", "belongs to resume")
	case w.Kind == Resume && (w.Cut.Every <= 0 || w.Cut.Away <= 0):
		return wrong("cut", "every and away must be positive")
	}
	return nil
}

func (w Workload) checkArrival() error {
	a := w.Arrival
	switch {
	case !slices.Contains([]Process{Constant, Poisson, Bursts, OnOff, Trace}, a.Process):
		return wrong("arrival.process", "%q is none of constant, poisson, burst, onoff, trace", a.Process)
	case a.Process != Bursts && a.Burst != 0:
		return wrong("arrival.burst", "belongs to the process burst")
	case a.Process == Bursts && (a.Burst < 1 || a.Burst > 1_000_000):
		return wrong("arrival.burst", "%d is not between 1 and 1,000,000", a.Burst)
	case a.Process != OnOff && (a.On != 0 || a.Off != 0):
		return wrong("arrival.on", "on and off belong to the process onoff")
	case a.Process == OnOff && (a.On <= 0 || a.Off <= 0):
		return wrong("arrival.on", "on and off must be positive")
	case a.Process != Trace && (a.Trace != "" || a.Speed != 0):
		return wrong("arrival.trace", "trace and speed belong to the process trace")
	case a.Process == Trace && a.Trace == "":
		return wrong("arrival.trace", "names no file")
	case a.Process == Trace && !(a.Speed > 0 && a.Speed <= 1e6):
		return wrong("arrival.speed", "%v is not between 0 and 1,000,000", a.Speed)
	}
	return nil
}

func wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Sprintf(format, args...)}
}
