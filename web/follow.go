package web

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"time"

	"transportlab/transports"
)

// How often the page is told what was published, and how much at a time.
const (
	tellEvery     = 50 * time.Millisecond
	mostPublished = 500
)

// A published is what the page is told of a message, whoever sent it.
type published struct {
	Topic  string  `json:"topic"`
	Epoch  string  `json:"epoch"`
	Offset uint64  `json:"offset"`
	ID     string  `json:"id"`
	At     float64 `json:"at"` // as its data says, or else when it was seen here
	Size   int     `json:"size"`
	Binary bool    `json:"binary"`
}

// A follower reads the demo's topic as the log has it.
type follower struct {
	server *Server

	mu sync.Mutex
	at transports.Cursor // of the last message told
}

func (f *follower) cursor() transports.Cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// run tells of messages until s.ctx ends.
func (f *follower) run() {
	ctx := f.server.ctx
	for ctx.Err() == nil {
		err := transports.Follow(ctx, f.server.o.Log, f.server.topic, f.cursor(), mostPublished, func(ms []transports.Message) error {
			f.tell(ms)
			return pause(ctx, tellEvery)
		})
		var gap *transports.GapError
		if errors.As(err, &gap) {
			f.mu.Lock()
			f.at = gap.Resume()
			f.mu.Unlock()
			continue
		}
		_ = pause(ctx, time.Second) // the store is away; the publisher says so
	}
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *follower) tell(ms []transports.Message) {
	event := struct {
		Type string      `json:"type"`
		List []published `json:"list"`
	}{Type: "published"}
	for _, m := range ms {
		event.List = append(event.List, published{f.server.topic, m.Epoch, m.Offset, m.ID, sentAt(m), len(m.Data), m.Binary})
	}
	f.mu.Lock()
	f.at = ms[len(ms)-1].Cursor
	f.mu.Unlock()
	f.server.events.send(event)
}

// sentAt is when a message says that it was sent, in milliseconds since 1970. What it says may be anything: a
// page can send too.
func sentAt(m transports.Message) float64 {
	at := math.NaN()
	if m.Binary && len(m.Data) >= 8 {
		at = math.Float64frombits(binary.BigEndian.Uint64(m.Data))
	} else if !m.Binary {
		var data struct {
			At *float64 `json:"at"`
		}
		if json.Unmarshal(m.Data, &data) == nil && data.At != nil {
			at = *data.At
		}
	}
	if !(at > 0 && at < 1e15) {
		return milliseconds(time.Now())
	}
	return at
}
