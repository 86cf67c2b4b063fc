package streamsadapter

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio/internal/redislink"
)

// A library reads the streams that namespaces want, each once, for all of them.
type library struct {
	client redis.UniversalClient
	opts   Options

	mu      sync.Mutex
	readers map[string]*reader
}

func newLibrary(client redis.UniversalClient, o Options) *library {
	return &library{client: client, opts: o, readers: map[string]*reader{}}
}

// subscribe hands the entries of a namespace to receive, one at a time, from now on. An error means that reading begins
// later; it is subscribed all the same.
func (l *library) subscribe(ctx context.Context, stream, namespace string, receive receiver, log *slog.Logger) error {
	l.mu.Lock()
	r := l.readers[stream]
	if r == nil {
		client, err := redislink.Clone(l.client) // its own: to end a read, its connection is cut
		if err != nil {
			l.mu.Unlock()
			return err
		}
		r = newReader(client, stream, l.opts, log)
		l.readers[stream] = r
	}
	r.mu.Lock()
	r.receivers[namespace] = receive
	r.mu.Unlock()
	l.mu.Unlock()
	select {
	case <-r.started:
		return nil
	case <-ctx.Done():
		return errors.New("the stream cannot be read yet")
	}
}

// unsubscribe ends that, and the reading of the stream if nobody else wants it.
func (l *library) unsubscribe(stream, namespace string) {
	l.mu.Lock()
	r := l.readers[stream]
	if r == nil {
		l.mu.Unlock()
		return
	}
	r.mu.Lock()
	delete(r.receivers, namespace)
	last := len(r.receivers) == 0
	r.mu.Unlock()
	if last {
		delete(l.readers, stream)
	}
	l.mu.Unlock()
	if last {
		r.close()
	}
}
