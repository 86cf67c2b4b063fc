package streamsadapter

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// A receiver gets an entry of its namespace.
type receiver func(id string, fields map[string]any)

// A reader follows one stream on a connection of its own. It begins behind the last entry that was there when it first
// reached Redis and keeps its place through every loss, so that it misses only what Redis has trimmed.
type reader struct {
	client  redis.UniversalClient
	stream  string
	opts    Options
	log     *slog.Logger
	started chan struct{} // closed when the place to begin is known
	stop    context.CancelFunc
	done    chan struct{}

	mu        sync.Mutex
	receivers map[string]receiver // by namespace
}

func newReader(client redis.UniversalClient, stream string, o Options, log *slog.Logger) *reader {
	ctx, stop := context.WithCancel(context.Background())
	r := &reader{
		client: client, stream: stream, opts: o, log: log.With("stream", stream),
		started: make(chan struct{}), stop: stop, done: make(chan struct{}), receivers: map[string]receiver{},
	}
	go r.run(ctx) // ends with close
	return r
}

// close cuts the connection, which ends the read under way, and waits for that.
func (r *reader) close() {
	r.stop()
	r.client.Close() // its error would be of a connection that is of no use any more
	<-r.done
}

func (r *reader) run(ctx context.Context) {
	defer close(r.done)
	last, losses := "", 0
	for ctx.Err() == nil {
		var err error
		if last == "" {
			if last, err = r.end(ctx); err == nil {
				close(r.started)
			}
		} else {
			last, err = r.read(ctx, last)
		}
		switch {
		case err == nil && losses > 0:
			losses = 0
			r.log.Info("the stream is read again")
		case err != nil && ctx.Err() == nil:
			if losses++; losses == 1 {
				r.log.Warn("the stream cannot be read", "error", err)
			}
			pause(ctx, losses)
		}
	}
}

// pause waits before the next attempt, longer each time.
func pause(ctx context.Context, losses int) {
	wait := min(firstRetry<<min(losses-1, 10), lastRetry)
	timer := time.NewTimer(wait/2 + rand.N(wait/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// end returns the id of the last entry, before which everything is history. "$" would be later each time it is used.
func (r *reader) end(ctx context.Context) (string, error) {
	entries, err := r.client.XRevRangeN(ctx, r.stream, "+", "-", 1).Result()
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "0-0", nil
	}
	return entries[0].ID, nil
}

// read hands out what comes after last and returns the new last. An entry counts as read when its receiver returns.
func (r *reader) read(ctx context.Context, last string) (string, error) {
	streams, err := r.client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{r.stream, last}, Count: r.opts.ReadCount, Block: r.opts.BlockTime,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return last, nil
	}
	if err != nil {
		return last, err
	}
	for _, s := range streams {
		for _, entry := range s.Messages {
			last = entry.ID
			namespace, _ := entry.Values["nsp"].(string)
			r.mu.Lock()
			receive := r.receivers[namespace]
			r.mu.Unlock()
			if receive != nil {
				receive(entry.ID, entry.Values)
			}
		}
	}
	return last, nil
}
