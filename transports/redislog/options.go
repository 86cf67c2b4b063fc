package redislog

import (
	"log/slog"
	"time"
)

// Options bound a log and tune how it uses Redis. The zero value of a field is its default. All nodes
// on one store should have the same MaxLen, TTL, IDs, MaxIDs and Prefix.
type Options struct {
	MaxLen int           // messages held per topic; 10,000
	TTL    time.Duration // how long a topic is kept after its last append; 1 hour
	IDs    time.Duration // how long an ID is remembered at least; 5 minutes
	MaxIDs int           // IDs of a topic after which the oldest are forgotten sooner; 500,000
	Prefix string        // what all keys and channels begin with; "tl"

	Timeout time.Duration // longest time that a call waits for Redis before it is ErrUnavailable; 2 s
	Check   time.Duration // interval at which followed topics are compared with the store; 5 s
	Idle    time.Duration // a topic that nobody has read for this long is no longer followed; 1 minute
	Topics  int           // topics followed; 10,000: one more is ErrRateLimited
	Window  int           // bytes of Data held in memory per followed topic; 4 MiB
	Memory  int           // bytes of Data held in memory for all of them; 256 MiB
	Pending int           // appends that may wait for Redis at once; 65,536: one more is ErrUnavailable

	Persist bool         // a private server writes an append-only file in its folder, which Close removes; off
	Logger  *slog.Logger // for what goes on below: reconnects, go-redis's own messages; nothing is logged
}

func (o Options) withDefaults() Options {
	set(&o.MaxLen, 10_000)
	set(&o.TTL, time.Hour)
	set(&o.IDs, 5*time.Minute)
	set(&o.MaxIDs, 500_000)
	set(&o.Timeout, 2*time.Second)
	set(&o.Check, 5*time.Second)
	set(&o.Idle, time.Minute)
	set(&o.Topics, 10_000)
	set(&o.Window, 4<<20)
	set(&o.Memory, 256<<20)
	set(&o.Pending, 1<<16)
	if o.Prefix == "" {
		o.Prefix = "tl"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func set[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
