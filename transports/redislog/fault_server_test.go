package redislog

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"transportlab/transports"
	"transportlab/transports/redislog/redistest"
)

func TestF08_PausedServer(t *testing.T) {
	s := redistest.Start(t)
	one, two := nodes(t, s.URL(), quick())
	r := follow(t, two, "f08")
	r.reaches(fill(t, one, "f08", 0, 10))
	before := runtime.NumGoroutine()
	s.Pause()
	const callers = 50
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { // ends after Options.Timeout
			if _, err := one.Append(t.Context(), "f08", text(fmt.Sprint("paused", i))); !errors.Is(err, transports.ErrUnavailable) {
				t.Errorf("append to a paused server: %v", err)
			}
			if _, err := one.Read(t.Context(), "f08-unknown", transports.Cursor{}, 1); !errors.Is(err, transports.ErrUnavailable) {
				t.Errorf("read of what only the paused server knows: %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	go func() { // ends with ctx, or after Options.Timeout
		_, err := one.Append(ctx, "f08", text("cancelled"))
		cancelled <- err
	}()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) && !errors.Is(err, transports.ErrUnavailable) {
		t.Errorf("cancelled append: %v", err)
	}
	wg.Wait()
	eventually(t, "no goroutine is left of the failed calls", func() bool { return runtime.NumGoroutine() <= before+20 })
	s.Resume()
	seen := map[uint64]bool{}
	for i := range callers { // some have been stored all the same
		c := put(t, one, "f08", fmt.Sprint("paused", i))
		if again := put(t, two, "f08", fmt.Sprint("paused", i)); again != c || seen[c.Offset] {
			t.Errorf("paused%d is at %q and %q", i, c, again)
		}
		seen[c.Offset] = true
	}
	r.reaches(put(t, one, "f08", "end"))
	if _, gaps := r.seen(); gaps != 0 {
		t.Errorf("%d gaps", gaps)
	}
}

func TestF09_ConnectionsKilled(t *testing.T) {
	s := redistest.Start(t)
	one, two := nodes(t, s.URL(), quick())
	r := follow(t, two, "f09")
	r.reaches(fill(t, one, "f09", 0, 10))
	var last transports.Cursor
	for i := range 20 {
		s.Do("CLIENT", "KILL", "TYPE", "pubsub")
		last = fill(t, one, "f09", 10+10*i, 10)
		if i%5 == 0 {
			s.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		}
	}
	r.reaches(last)
	if ids, gaps := r.seen(); gaps != 0 || len(ids) != 210 || last.Offset != 210 {
		t.Errorf("%d messages, %d gaps, end %q", len(ids), gaps, last)
	}
}

// A subscriber connection that is open but brings nothing is found out by the comparison: here one
// node publishes where the other does not listen.
func TestF09_DeafSubscriber(t *testing.T) {
	s := redistest.Start(t)
	one, two := nodes(t, s.URL(), quick())
	one.publish = "SPUBLISH"
	r := follow(t, two, "f09")
	r.reaches(fill(t, one, "f09", 0, 3))
	eventually(t, "the topic is followed", func() bool { return two.find("f09").fresh.Load() })
	r.reaches(fill(t, one, "f09", 3, 3))
	eventually(t, "the deaf connection is given up", func() bool { return sessions(two) > 1 })
	if _, gaps := r.seen(); gaps != 0 {
		t.Errorf("%d gaps", gaps)
	}
}

// sessions counts the subscriber connections that a log has had.
func sessions(l *Log) (n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.links {
		k.mu.Lock()
		n += k.session
		k.mu.Unlock()
	}
	return n
}

func TestF11_ReadOnly(t *testing.T) {
	s := redistest.Start(t)
	one, two := nodes(t, s.URL(), quick())
	r := follow(t, two, "f11")
	last := fill(t, one, "f11", 0, 3)
	r.reaches(last)
	s.Do("REPLICAOF", "127.0.0.1", "1")
	refused(t, one, "f11", transports.ErrUnavailable)
	if ms, err := two.Read(t.Context(), "f11", transports.Cursor{}, 10); err != nil || len(ms) != 3 {
		t.Errorf("reading from a demoted server: %d messages, %v", len(ms), err)
	}
	s.Do("REPLICAOF", "NO", "ONE")
	r.reaches(put(t, one, "f11", "id3"))
	if ids, gaps := r.seen(); len(ids) != 4 || gaps != 0 {
		t.Errorf("messages %v, %d gaps: the refused append must not have been published", ids, gaps)
	}
}

func TestF12_OutOfMemory(t *testing.T) {
	s := redistest.Start(t)
	one, two := nodes(t, s.URL(), quick())
	r := follow(t, two, "f12")
	last := fill(t, one, "f12", 0, 3)
	r.reaches(last)
	s.Do("CONFIG", "SET", "maxmemory", "1mb")
	refused(t, one, "f12", transports.ErrUnavailable)
	refused(t, one, "f12-new", transports.ErrUnavailable)
	if ms, err := two.Read(t.Context(), "f12", transports.Cursor{}, 10); err != nil || len(ms) != 3 {
		t.Errorf("reading from a full server: %d messages, %v", len(ms), err)
	}
	s.Do("CONFIG", "SET", "maxmemory", "0")
	c := put(t, one, "f12", "id3")
	if c.Offset != 4 || c.Epoch != last.Epoch {
		t.Errorf("%q follows on %q: a refused append has left something", c, last)
	}
	r.reaches(c)
}

func TestF13_EvictionPolicyIsWarnedOf(t *testing.T) {
	s := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	info := open(t, s.URL(), Options{}).Info
	if len(info.Warnings) != 1 || !strings.Contains(info.Warnings[0], "allkeys-lru") || info.EvictionPolicy != "allkeys-lru" {
		t.Errorf("%+v", info)
	}
	if info := open(t, redistest.Start(t).URL(), Options{}).Info; len(info.Warnings) != 0 {
		t.Errorf("%+v", info)
	}
}

func TestF14_ErrorsAreClassified(t *testing.T) {
	s := redistest.Start(t)
	one, _ := nodes(t, s.URL(), quick())
	put(t, one, "f14", "id0")

	s.Do("CONFIG", "SET", "min-replicas-to-write", "1")
	refused(t, one, "f14", transports.ErrUnavailable) // NOREPLICAS
	s.Do("CONFIG", "SET", "min-replicas-to-write", "0")

	s.Do("SCRIPT", "FLUSH")
	if c, err := one.Append(t.Context(), "f14", text("id1")); err != nil || c.Offset != 2 {
		t.Errorf("after SCRIPT FLUSH: %q, %v", c, err) // NOSCRIPT
	}

	s.Do("SET", "tl:{f14-type}", "x")
	refused(t, one, "f14-type", transports.ErrInternal) // WRONGTYPE
	if _, err := one.Read(t.Context(), "f14-type", transports.Cursor{}, 1); !errors.Is(err, transports.ErrInternal) {
		t.Errorf("reading a key of another type: %v", err)
	}

	busy := s.Client()
	s.Do("CONFIG", "SET", "lua-time-limit", "10")
	go busy.Eval(t.Context(), "while true do end", nil) // ends with SCRIPT KILL
	eventually(t, "the server is busy", func() bool { return strings.Contains(busyReply(s), "BUSY") })
	refused(t, one, "f14", transports.ErrUnavailable) // BUSY
	s.Do("SCRIPT", "KILL")
	put(t, one, "f14", "id2")

	s.Do("CONFIG", "SET", "requirepass", "secret")
	s.Client().Do(t.Context(), "AUTH", "secret")
	late, err := Open(t.Context(), s.URL(), quick())
	if err == nil {
		late.Close()
	}
	if !errors.Is(err, transports.ErrUnavailable) || !strings.Contains(err.Error(), "user:password@") {
		t.Errorf("opening without a password: %v", err) // NOAUTH
	}
	with := open(t, "redis://:secret@"+s.Addr, quick())
	if strings.Contains(fmt.Sprintf("%+v", with.Info), "secret") {
		t.Errorf("the description holds the password: %+v", with.Info)
	}
	put(t, with.Log, "f14", "id3")
}

func busyReply(s *redistest.Server) string {
	_, err := s.Try("GET", "x")
	return fmt.Sprint(err)
}

func TestF14_Loading(t *testing.T) {
	s := redistest.Start(t, "--appendonly", "yes", "--loading-process-events-interval-bytes", "1024")
	one, _ := nodes(t, s.URL(), quick())
	put(t, one, "f14", "id0")
	p := s.Client().Pipeline()
	for i := range 5_000 {
		p.Set(t.Context(), strconv.Itoa(i), "x", 0)
	}
	if _, err := p.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Do("BGREWRITEAOF")
	s.Await("aof_rewrite_in_progress:0", "INFO", "persistence")
	s.Stop()
	s.Relaunch("--key-load-delay", "300") // µs for each key
	eventually(t, "the server loads", func() bool {
		_, err := s.Try("PING")
		return err != nil && strings.HasPrefix(err.Error(), "LOADING")
	})
	refused(t, one, "f14", transports.ErrUnavailable)
	if c := put(t, one, "f14", "id1"); c.Offset > 3 { // "refused" may have been stored by then
		t.Errorf("after loading: %q", c)
	}
}

func TestF16_SubscriberCutForItsBuffer(t *testing.T) {
	s := redistest.Start(t, "--client-output-buffer-limit", "pubsub 64kb 0 0")
	o := quick()
	o.Timeout = 0 // the default
	one, two := nodes(t, s.URL(), o)
	r := follow(t, two, "f16")
	r.reaches(fill(t, one, "f16", 0, 1))
	big := strings.Repeat("x", 60<<10)
	var last transports.Cursor
	for i := range 20 {
		ms := make([]transports.Message, 20)
		for j := range ms {
			ms[j] = transports.Message{ID: fmt.Sprint(i, "/", j), Data: []byte(big)}
		}
		for _, result := range one.AppendBatch(t.Context(), "f16", ms) {
			if result.Err != nil {
				t.Fatal(result.Err)
			}
			last = result.Cursor
		}
	}
	r.reaches(last)
	if ids, gaps := r.seen(); gaps != 0 || len(ids) != 401 {
		t.Errorf("%d messages, %d gaps", len(ids), gaps)
	}
	if sessions(two) < 2 {
		t.Error("the server never cut the subscriber, so nothing was tested")
	}
}
