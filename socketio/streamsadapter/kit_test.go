package streamsadapter

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"transportlab/socketio"
	"transportlab/socketio/adaptertest"
	"transportlab/socketio/internal/redistest"
)

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{}) // outages are made on purpose
	// go-redis tries a lost server once more a second after its Close
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// quiet discards what go-redis says about connections that the tests cut.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func newClient(t testing.TB, addr string) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { client.Close() })
	return client
}

func TestStreams(t *testing.T) {
	for name, o := range map[string]Options{
		"one stream":                     {},
		"four streams, sharded channels": {StreamCount: 4, UseShardedPubSub: true},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			client := newClient(t, server.Addr)
			o.Timeout = 2 * time.Second
			adaptertest.Run(t, adaptertest.Kit{
				Adapter:  func() socketio.AdapterFunc { return New(client, o) },
				Recovery: true,
				Outage:   func() func() { server.Kill(); return server.Restart },
			})
		})
	}
}
