package transporttest_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"transportlab/transports"
	"transportlab/transports/ajax"
	"transportlab/transports/longpoll"
	"transportlab/transports/polling"
	"transportlab/transports/redislog"
	"transportlab/transports/redislog/redistest"
	"transportlab/transports/streaming"
	"transportlab/transports/transporttest"
	"transportlab/transports/websocket"
)

var arms = []transporttest.New{polling.New, ajax.New, longpoll.New, streaming.New, websocket.New}

func TestTwoNodesOverEmbeddedRedis(t *testing.T) {
	store, err := redislog.Open(t.Context(), "embedded", redislog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	runOver(t, store.Spec)
}

func TestTwoNodesOverRedis(t *testing.T) {
	runOver(t, "redis://"+redistest.Start(t).Addr)
}

// runOver runs every arm over the store that spec names; each case has keys of its own there.
func runOver(t *testing.T, spec string) {
	var worlds atomic.Int64
	for _, arm := range arms {
		t.Run(arm(transports.Options{}).Info().Name, func(t *testing.T) {
			transporttest.RunNodes(t, arm, func(tb testing.TB) (a, b transports.Log) {
				o := redislog.Options{Prefix: fmt.Sprint("world", worlds.Add(1))}
				return openLog(tb, spec, o), openLog(tb, spec, o)
			})
		})
	}
}

func openLog(tb testing.TB, spec string, o redislog.Options) transports.Log {
	store, err := redislog.Open(tb.Context(), spec, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { store.Close() })
	return store.Log
}
