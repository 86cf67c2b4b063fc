package redislink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"transportlab/socketio/internal/redistest"
)

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{}) // connections are cut on purpose
	// go-redis tries a lost server once more a second after its Close
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func newTestLink(t *testing.T, addr string, o Options) *Link {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: time.Second})
	t.Cleanup(func() { client.Close() })
	pool := NewPool(client, o)
	link, err := pool.Acquire(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := pool.Release(ctx); err != nil {
			t.Error(err)
		}
	})
	return link
}

func publishOn(c Channel, message string) func(context.Context, redis.Pipeliner) redis.Cmder {
	return func(ctx context.Context, pipe redis.Pipeliner) redis.Cmder {
		if c.Sharded {
			return pipe.SPublish(ctx, c.Name, message)
		}
		return pipe.Publish(ctx, c.Name, message)
	}
}

func ready(t *testing.T, link *Link, channels ...Channel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := link.Ready(ctx, channels...); err != nil {
		t.Fatal(err)
	}
}

func TestMessagesKeepTheirOrder(t *testing.T) {
	server := redistest.Start(t)
	for _, c := range []Channel{{Name: "plain"}, {Name: "sharded", Sharded: true}} {
		link := newTestLink(t, server.Addr, Options{Sharded: c.Sharded})
		const n = 2000
		got := make(chan string, n)
		link.Watch(c, func(_ string, payload []byte) { got <- string(payload) })
		ready(t, link, c)
		for i := range n {
			if err := link.Send(t.Context(), publishOn(c, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			if m := <-got; m != fmt.Sprint(i) {
				t.Fatalf("%s: message %s in place %d", c.Name, m, i)
			}
		}
	}
}

func TestChannelsComeAndGo(t *testing.T) {
	link := newTestLink(t, redistest.Start(t).Addr, Options{Sharded: true})
	c := Channel{Name: "room", Sharded: true}
	subscribers := func() int {
		n, err := link.Subscribers(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 50 { // faster than they can be told to the server
		link.Watch(c, func(string, []byte) {})
		link.Unwatch(c)
	}
	redistest.Poll(t, "the channel to be given up", func() bool { return subscribers() == 0 })
	for range 50 {
		link.Unwatch(c)
		link.Watch(c, func(string, []byte) {})
	}
	redistest.Poll(t, "the channel to be subscribed to", func() bool { return subscribers() == 1 })
	ready(t, link, c)
	link.Unwatch(c)
	redistest.Poll(t, "the channel to be given up", func() bool { return subscribers() == 0 })
}

func TestServerThatHangs(t *testing.T) {
	server := redistest.Start(t)
	link := newTestLink(t, server.Addr, Options{})
	c := Channel{Name: "c"}
	got := make(chan string, 100)
	link.Watch(c, func(_ string, payload []byte) { got <- string(payload) })
	ready(t, link, c)
	server.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := link.Do(ctx, publishOn(c, "lost")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline's", err)
	}
	if _, err := link.Subscribers(ctx, c); err == nil {
		t.Error("a server that hangs counts subscribers")
	}
	server.Resume()
	redistest.Poll(t, "messages to pass again", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return link.Do(ctx, publishOn(c, "passed")) == nil
	})
	for m := range got {
		if m == "passed" {
			break
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	server := redistest.Start(t)
	link := newTestLink(t, server.Addr, Options{})
	c := Channel{Name: "c"}
	if err := link.Do(t.Context(), publishOn(c, "first")); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	redistest.Poll(t, "the link to notice", func() bool { return link.Do(t.Context(), publishOn(c, "lost")) != nil })
	// What cannot be sent is dropped, or refused once the queue is full; nobody waits.
	for range 3 * maxQueued {
		if err := link.Send(t.Context(), publishOn(c, "lost")); err != nil && !errors.Is(err, ErrBacklog) {
			t.Fatal(err)
		}
	}
	server.Restart()
	redistest.Poll(t, "messages to pass again", func() bool { return link.Do(t.Context(), publishOn(c, "passed")) == nil })
}

func TestClosedLinkSaysSo(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr})
	defer client.Close()
	pool := NewPool(client, Options{})
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	first, err := pool.Acquire(log)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := pool.Acquire(log); err != nil || second != first {
		t.Fatalf("two users have two links, error %v", err)
	}
	if err := pool.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Do(t.Context(), publishOn(Channel{Name: "c"}, "x")); err != nil {
		t.Fatalf("the link of the user that remains: %v", err)
	}
	if err := pool.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Send(t.Context(), publishOn(Channel{Name: "c"}, "x")); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
	again, err := pool.Acquire(log)
	if err != nil || again == first {
		t.Fatalf("a closed link is handed out, error %v", err)
	}
	if err := pool.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOtherClientsAreRefused(t *testing.T) {
	ring := redis.NewRing(&redis.RingOptions{})
	defer ring.Close()
	if _, err := NewPool(ring, Options{}).Acquire(slog.Default()); !errors.Is(err, errClient) {
		t.Errorf("error %v, want %v", err, errClient)
	}
}
