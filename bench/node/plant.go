package node

import (
	"context"
	"runtime"
	"time"

	"transportlab/bench/arrival"
	"transportlab/transports"
)

// A Plant is a known truth that a calibration hides in a server, to see whether it is read. The zero value
// hides nothing.
type Plant struct {
	Burn  time.Duration `json:"burn,omitempty"` // CPU time that each message costs before it is stored
	Stall Stall         `json:"stall"`          // how long each message is kept before it is stored
}

// A Stall is a server that serves any number of messages at once, each for Service, and none of them for a
// while in every Period. Its clock begins with the first message of the measured part.
type Stall struct {
	Service time.Duration `json:"service,omitempty"` // of a message
	Period  time.Duration `json:"period,omitempty"`  // between the beginnings of two stalls
	From    time.Duration `json:"from,omitempty"`    // of a period, where the stall begins
	Length  time.Duration `json:"length,omitempty"`  // of the stall
}

// Served is when a message that comes at some moment has been served. It comes either in a stall, and is
// taken up when that ends, or is served whatever happens.
func (s Stall) Served(at time.Duration) time.Duration {
	if s.Period > 0 {
		if into := at%s.Period - s.From; into >= 0 && into < s.Length {
			at += s.Length - into
		}
	}
	return at + s.Service
}

// planted is a log under a Plant. It can what the log can, so that nothing else about it changes.
type planted struct {
	planter
	transports.BatchLog
	plant Plant
	begin chan time.Time // holds the stall's beginning once there is one
}

// planter is the rest of what the lab's logs can.
type planter interface {
	Notify(topic string, fn func([]transports.Message)) (stop func(), err error)
}
