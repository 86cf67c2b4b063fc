package redislog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"transportlab/transports"
	"transportlab/transports/redislog/redistest"
)

func TestReadingAFollowedTopicDoesNotTouchRedis(t *testing.T) {
	s := redistest.Start(t)
	o := Options{Check: time.Hour}
	one, two := nodes(t, s.URL(), o)
	fill(t, one, "hot", 0, 100)
	for _, l := range []*Log{one, two} {
		if _, err := l.Read(t.Context(), "hot", transports.Cursor{}, 1); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the topic is followed", l.find("hot").fresh.Load)
	}
	last := put(t, one, "hot", "last")
	if err := two.Wait(t.Context(), "hot", transports.Cursor{Epoch: last.Epoch, Offset: last.Offset - 1}); err != nil {
		t.Fatal(err)
	}
	commands := func() int { return strings.Count(s.Do("INFO", "commandstats"), "cmdstat_") }
	s.Do("CONFIG", "RESETSTAT")
	before := commands()
	for i := range 200 {
		for _, l := range []*Log{one, two} {
			after := transports.Cursor{Epoch: last.Epoch, Offset: uint64(i) % last.Offset}
			if ms, err := l.Read(t.Context(), "hot", after, 10); err != nil || len(ms) == 0 {
				t.Fatalf("%d messages, %v", len(ms), err)
			}
			if err := l.Wait(t.Context(), "hot", after); err != nil {
				t.Fatal(err)
			}
		}
	}
	if stats := s.Do("INFO", "commandstats"); strings.Contains(stats, "eval") || strings.Contains(stats, "xrange") || before > 5 {
		t.Errorf("reading has reached Redis:\n%s", stats)
	}
}

func TestIdleTopicsAreNoLongerFollowed(t *testing.T) {
	s := redistest.Start(t)
	o := Options{Check: 20 * time.Millisecond, Idle: 40 * time.Millisecond}
	one, two := nodes(t, s.URL(), o)
	last := fill(t, one, "idle", 0, 3)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { two.Wait(ctx, "idle", last) }) // ends with ctx
	eventually(t, "the waiting node subscribes", func() bool { return strings.HasSuffix(s.Do("PUBSUB", "NUMSUB", "tl:{idle}"), "1]") })
	for range 5 { // intervals; a topic that somebody waits for stays
		now := two.clock.Load()
		eventually(t, "time passes", func() bool { return two.clock.Load() > now })
	}
	if two.find("idle") == nil {
		t.Error("a topic that somebody waits for was forgotten")
	}
	cancel()
	wg.Wait()
	eventually(t, "the node leaves the channel", func() bool { return strings.HasSuffix(s.Do("PUBSUB", "NUMSUB", "tl:{idle}"), "0]") })
	if n, held := two.count.Load(), two.held.Load(); n != 0 || held != 0 {
		t.Errorf("%d topics and %d bytes are left", n, held)
	}
	if ms, err := two.Read(t.Context(), "idle", transports.Cursor{}, 10); err != nil || len(ms) != 3 {
		t.Errorf("following again: %d messages, %v", len(ms), err)
	}
}

func TestKeysExpire(t *testing.T) {
	s := redistest.Start(t)
	one, _ := nodes(t, s.URL(), Options{TTL: 300 * time.Millisecond})
	fill(t, one, "expires", 0, 3)
	if _, err := one.Read(t.Context(), "never", transports.Cursor{Epoch: "gone", Offset: 3}, 1); !isGap(err) {
		t.Fatal(err)
	}
	eventually(t, "the store is empty", func() bool { return s.Do("DBSIZE") == "0" })
}

func TestAbsentTopicsLeaveNothing(t *testing.T) {
	s := redistest.Start(t)
	one, _ := nodes(t, s.URL(), Options{})
	for i := range 50 {
		if ms, err := one.Read(t.Context(), fmt.Sprint("absent", i), transports.Cursor{}, 1); err != nil || len(ms) != 0 {
			t.Fatal(ms, err)
		}
	}
	if n := s.Do("DBSIZE"); n != "0" {
		t.Errorf("%s keys", n)
	}
}

func TestTopicsAreBounded(t *testing.T) {
	one := open(t, "embedded", Options{Topics: 10}).Log
	var err error
	for i := range 11 {
		_, err = one.Read(t.Context(), fmt.Sprint("topic", i), transports.Cursor{}, 1)
	}
	if !errors.Is(err, transports.ErrRateLimited) {
		t.Errorf("the eleventh of ten: %v", err)
	}
	put(t, one, "topic11", "id0") // appending does not follow
}

func TestMemoryIsBounded(t *testing.T) {
	l := open(t, "embedded", Options{Window: 1000, Memory: 3000}).Log.(*Log)
	for i := range 10 {
		topic := fmt.Sprint("memory", i)
		l.Read(t.Context(), topic, transports.Cursor{}, 1)
		eventually(t, "the topic is followed", l.find(topic).fresh.Load)
		for j := range 30 {
			m := transports.Message{ID: fmt.Sprint(j), Data: make([]byte, 100)}
			if _, err := l.Append(t.Context(), topic, m); err != nil {
				t.Fatal(err)
			}
		}
		if ms, err := l.Read(t.Context(), topic, transports.Cursor{}, 100); err != nil || len(ms) != 30 {
			t.Errorf("%d messages, %v: what the window dropped the store has", len(ms), err)
		}
	}
	if held := l.held.Load(); held > 2*3000+10*100 { // the newest message always stays
		t.Errorf("%d bytes are held", held)
	}
}

func TestIDsAreRotated(t *testing.T) {
	s := redistest.Start(t)
	one, _ := nodes(t, s.URL(), Options{MaxIDs: 80})
	first := put(t, one, "ids", "first")
	for i := range 30 {
		if c := put(t, one, "ids", fmt.Sprint("id", i)); c.Offset != uint64(i+2) {
			t.Fatal(c)
		}
	}
	if c := put(t, one, "ids", "first"); c != first {
		t.Errorf("an ID that is remembered: %q", c)
	}
	last := fill(t, one, "ids", 1000, 200)
	if n := s.Do("HLEN", "tl:{ids}"); len(n) > 2 {
		t.Errorf("%s IDs of one generation", n)
	}
	if c := put(t, one, "ids", "first"); c.Offset != last.Offset+1 || c.Epoch != first.Epoch {
		t.Errorf("an ID that is forgotten: %q after %q", c, last)
	}
	if c := put(t, one, "ids", "id1199"); c != last {
		t.Errorf("an ID of the last generation: %q, want %q", c, last)
	}
}

func TestPendingAppendsAreBounded(t *testing.T) {
	s := redistest.Start(t)
	o := quick()
	o.Pending = 10
	one, _ := nodes(t, s.URL(), o)
	put(t, one, "pending", "id0")
	s.Pause()
	defer s.Resume()
	var wg sync.WaitGroup
	errs := make(chan error, 30)
	for i := range 30 {
		wg.Go(func() { // ends after Options.Timeout
			_, err := one.Append(t.Context(), "pending", text(fmt.Sprint("p", i)))
			errs <- err
		})
	}
	wg.Wait()
	full := 0
	for range 30 {
		if err := <-errs; errors.Is(err, errPending) {
			full++
		} else if !errors.Is(err, transports.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	}
	if full < 30-10-1 {
		t.Errorf("%d of 30 were refused at once; 10 may wait and one be under way", full)
	}
}

func TestKeysAreDistinct(t *testing.T) {
	topic := rapid.StringMatching(`[A-Za-z0-9.:-][A-Za-z0-9_.:-]{0,10}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := topic.Draw(t, "a"), topic.Draw(t, "b")
		for i, x := range keysOf("tl", a) {
			if topicOf("tl", keysOf("tl", a)[0]) != a {
				t.Fatalf("the channel of %q is not recognised", a)
			}
			for j, y := range keysOf("tl", b) {
				if x == y && (a != b || i != j) {
					t.Fatalf("topics %q and %q share the key %q", a, b, x)
				}
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(string(encode(&transports.Message{ID: "id", Data: []byte("data"), Binary: true}, "STAMP123")))
	f.Add("")
	f.Add("tSTAMP123\xff")
	f.Fuzz(func(t *testing.T, body string) {
		at := transports.Cursor{Epoch: "E", Offset: 7}
		e, ok := decode(at, body)
		if ok && string(encode(&e.Message, e.stamp)) != body {
			t.Errorf("%q is read as %+v, which is another message", body, e)
		}
		if ok && e.ID != idOf(body) {
			t.Errorf("%q has the IDs %q and %q", body, e.ID, idOf(body))
		}
		cutPosition(body)
		_ = topicOf("tl", body)
	})
}

func TestForeignEntriesAreAnError(t *testing.T) {
	s := redistest.Start(t)
	one, _ := nodes(t, s.URL(), quick())
	put(t, one, "foreign", "id0")
	c := s.Client()
	c.XAdd(t.Context(), &redis.XAddArgs{Stream: "tl:{foreign}:s", ID: "2-0", Values: []any{"m", "junk"}})
	if _, err := one.Read(t.Context(), "foreign", transports.Cursor{}, 10); !errors.Is(err, transports.ErrInternal) {
		t.Errorf("%v", err)
	}
	c.Publish(t.Context(), "tl:{foreign}", "junk")
	c.Publish(t.Context(), "tl:{foreign}", "E:1:junk")
	c.Publish(t.Context(), "tl:{foreign}", "E:99999999999999999999:junk")
}
