package node

import (
	"context"
	"sync/atomic"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/probe"
	"transportlab/transports"
)

// A Plant is a known truth that a calibration hides in a server, to see whether it is read. The zero value
// hides nothing.
type Plant struct {
	Burn  time.Duration `json:"burn,omitempty"` // CPU time that each message costs before it is stored
	Stall Stall         `json:"stall"`          // how long each message is kept before it is stored
}

// A Stall is a server that serves any number of messages at once, each for Service, and takes none up for a
// while in every Period. Its clock begins with the first message of the measured part.
type Stall struct {
	Service time.Duration `json:"service,omitempty"` // of a message
	Period  time.Duration `json:"period,omitempty"`  // between the beginnings of two stalls; 0 is no stall
	From    time.Duration `json:"from,omitempty"`    // where in a period the stall begins
	Length  time.Duration `json:"length,omitempty"`  // of the stall
}

// Served is when a message that comes at some moment has been served.
func (s Stall) Served(at time.Duration) time.Duration {
	if s.Period > 0 {
		if into := at%s.Period - s.From; into >= 0 && into < s.Length {
			at += s.Length - into
		}
	}
	return at + s.Service
}

// Log hides p in a log. What comes back can what the logs of this package can.
func (p Plant) Log(log transports.BatchLog) transports.Log {
	told, ok := log.(transports.Notifier)
	if !ok || p == (Plant{}) {
		return log
	}
	return &planted{Notifier: told, batches: log, plant: p}
}

type planted struct {
	transports.Notifier
	batches transports.BatchLog
	plant   Plant
	began   atomic.Pointer[time.Time] // the stall's clock
}

// Append implements transports.Log.
func (l *planted) Append(ctx context.Context, topic string, m transports.Message) (transports.Cursor, error) {
	if err := l.keep(ctx, m); err != nil {
		return transports.Cursor{}, err
	}
	return l.Notifier.Append(ctx, topic, m)
}

// AppendBatch implements transports.BatchLog.
func (l *planted) AppendBatch(ctx context.Context, topic string, ms []transports.Message) []transports.AppendResult {
	if err := l.keep(ctx, ms...); err != nil {
		results := make([]transports.AppendResult, len(ms))
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	return l.batches.AppendBatch(ctx, topic, ms)
}

// keep is what happens to messages that came together before they are stored.
func (l *planted) keep(ctx context.Context, ms ...transports.Message) error {
	if l.plant.Burn > 0 {
		probe.Burn(time.Duration(len(ms)) * l.plant.Burn)
	}
	if l.plant.Stall == (Stall{}) {
		return nil
	}
	now := time.Now()
	for _, m := range ms {
		if letter, _, ok := arrival.ParseID(m.ID); ok && letter == 'm' {
			l.began.CompareAndSwap(nil, &now)
		}
	}
	began := l.began.Load()
	if began == nil {
		return nil
	}
	at := now.Sub(*began)
	t := time.NewTimer(l.plant.Stall.Served(at) - at)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
