package redislog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"transportlab/transports"
	"transportlab/transports/internal/window"
)

// A Log is a transports.BatchLog in Redis. Use New, or Open for a Redis of one's own.
type Log struct {
	o          Options
	client     redis.UniversalClient
	publish    string // PUBLISH or SPUBLISH
	sharded    bool
	appendTo   *appender
	syncer     *syncer
	readScript *redis.Script

	ctx    context.Context // the log's life
	cancel context.CancelFunc
	wg     sync.WaitGroup // of all goroutines
	gate   sync.RWMutex   // Close against those who begin something
	closed bool

	feeds sync.Map     // topic → *feed
	count atomic.Int64 // of feeds
	held  atomic.Int64 // bytes of Data in their windows
	clock atomic.Int64 // Options.Check intervals since the beginning
	mu    sync.Mutex   // following, forgetting, links
	links map[string]*link
	reads singleflight.Group
}

// New returns a log that uses client, which must have ContextTimeoutEnabled and should have
// MaxRetries -1, and which Close does not close. With sharded, messages are published with SPUBLISH
// and client must be a *redis.ClusterClient.
func New(client redis.UniversalClient, sharded bool, o Options) *Log {
	l := &Log{o: o.withDefaults(), client: client, publish: "PUBLISH", sharded: sharded, links: map[string]*link{}}
	if sharded {
		l.publish = "SPUBLISH"
	}
	l.readScript = redis.NewScript(readSource)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.appendTo = newAppender(l)
	l.syncer = &syncer{log: l, wake: make(chan struct{}, 1)}
	l.wg.Go(l.syncer.run) // these two end with l.ctx
	l.wg.Go(l.keepTime)
	return l
}

// Close ends every pending call with ErrUnavailable, and the log's goroutines.
func (l *Log) Close() error {
	l.gate.Lock()
	already := l.closed
	l.closed = true
	l.gate.Unlock()
	l.cancel()
	if !already {
		for _, f := range l.feeds.Range {
			f := f.(*feed)
			f.mu.Lock()
			f.w.Wake()
			f.mu.Unlock()
		}
	}
	l.wg.Wait()
	return nil
}

// enter adds the caller to l.wg unless the log is closed.
func (l *Log) enter() bool {
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.closed {
		return false
	}
	l.wg.Add(1)
	return true
}

// timeout returns the context of one exchange with Redis.
func (l *Log) timeout() (context.Context, context.CancelFunc) {
	return context.WithTimeout(l.ctx, l.o.Timeout)
}

// limits are those of one feed's window: what memory there is, they share.
func (l *Log) limits() window.Limits {
	bytes := l.o.Window
	if l.held.Load() > int64(l.o.Memory) {
		bytes = min(bytes, l.o.Memory/int(max(l.count.Load(), 1)))
	}
	return window.Limits{Messages: l.o.MaxLen, Bytes: bytes}
}

// Read implements transports.Log. A followed topic is read from memory; the first Read follows it.
// A Read that begins after Append returned, here, sees the message; on another node it may come a
// moment later. The slice and its Data are shared: they must not be changed.
func (l *Log) Read(ctx context.Context, topic string, after transports.Cursor, limit int) ([]transports.Message, error) {
	if l.ctx.Err() != nil {
		return nil, transports.ErrUnavailable
	}
	f, err := l.follow(topic)
	if err != nil {
		return nil, err
	}
	fresh := f.fresh.Load() // before the view: it may only have become better
	ms, err := f.w.View().Read(after, limit)
	if err == nil && (fresh || limit <= 0 || len(ms) == limit && f.holds(after)) {
		return ms, nil
	}
	if err == nil && f.catchesUp(ctx) {
		if ms, err := f.w.View().Read(after, limit); err == nil {
			return ms, nil
		}
	}
	return l.cold(ctx, f, after, limit)
}

// Wait implements transports.Log. It follows the topic. It does not end when Redis cannot be reached,
// unless the cursor is one that only Redis can judge: then it returns ErrUnavailable.
func (l *Log) Wait(ctx context.Context, topic string, after transports.Cursor) error {
	for {
		if l.ctx.Err() != nil {
			return transports.ErrUnavailable
		}
		f, err := l.follow(topic)
		if err != nil {
			return err
		}
		v := f.w.View()
		ms, err := v.Read(after, 1)
		if len(ms) > 0 {
			return nil
		}
		if err != nil {
			// Behind the window; or ahead of it, or of another epoch, because this node has not heard
			// of the latest yet, or because there is a gap.
			if ms, err := l.cold(ctx, f, after, 1); len(ms) > 0 || isGap(err) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if err := f.wait(ctx, v); err != nil {
			return err
		}
	}
}

// wait returns nil when v is no longer the feed's view, or the feed no longer the topic's.
func (f *feed) wait(ctx context.Context, v *window.View) error {
	f.waiters.Add(1)
	defer f.waiters.Add(-1)
	news := v.News()
	if f.gone.Load() || f.log.ctx.Err() != nil { // both are set before the last wake-up
		return nil
	}
	select {
	case <-news:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepTime compares the feeds with the store and forgets those that nobody uses.
func (l *Log) keepTime() {
	tick := time.NewTicker(l.o.Check)
	defer tick.Stop()
	idle := int64(l.o.Idle/l.o.Check) + 1
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		now := l.clock.Add(1)
		for _, f := range l.feeds.Range {
			f := f.(*feed)
			if f.waiters.Load() == 0 && now-f.used.Load() > idle {
				l.forget(f)
			} else {
				f.check()
			}
		}
	}
}

var _ transports.BatchLog = (*Log)(nil)
