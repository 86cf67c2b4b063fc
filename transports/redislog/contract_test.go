package redislog

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/logtest"
	"transportlab/transports/redislog/redistest"
)

// go-redis's pool tries to dial once a second while a server is away, and ends that within a second
// after it was closed.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// open opens a store and closes it with the test.
func open(t testing.TB, spec string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// lose deletes a topic from the store and returns when both nodes have noticed.
func lose(t testing.TB, topic string, nodes ...*Log) {
	t.Helper()
	for _, l := range nodes { // else a comparison under way might still bring what is lost
		if f := l.find(topic); f != nil {
			eventually(t, "the topic is followed", f.fresh.Load)
		}
	}
	if err := nodes[0].client.Del(context.Background(), keysOf(nodes[0].o.Prefix, topic)...).Err(); err != nil {
		t.Fatal(err)
	}
	for _, l := range nodes {
		f := l.find(topic)
		if f == nil {
			continue
		}
		old := f.w.View()
		if old.Epoch() == "" {
			continue
		}
		f.check()
		eventually(t, "the loss is noticed", func() bool {
			return f.w.View().Epoch() != old.Epoch() && f.fresh.Load()
		})
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func contract(t *testing.T, spec func(t testing.TB) string) {
	logtest.Run(t, func(t testing.TB, maxLen int) (transports.BatchLog, logtest.Control) {
		o := Options{MaxLen: maxLen}
		one := open(t, spec(t), o)
		two := open(t, one.Spec, o)
		first, second := one.Log.(*Log), two.Log.(*Log)
		return first, logtest.Control{
			Lose:  func(topic string) { lose(t, topic, first, second) },
			Close: first.Close,
			Other: second,
		}
	})
}

func TestContractEmbedded(t *testing.T) {
	contract(t, func(testing.TB) string { return "embedded" })
}

func TestContractServer(t *testing.T) {
	contract(t, func(t testing.TB) string { return redistest.Start(t).URL() })
}

func TestContractChild(t *testing.T) {
	redistest.Need(t)
	contract(t, func(t testing.TB) string { return "auto" })
}
