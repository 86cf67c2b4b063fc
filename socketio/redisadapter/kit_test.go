package redisadapter

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

func newClient(t testing.TB, addr string) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { client.Close() })
	return client
}

func TestClassic(t *testing.T) {
	server := redistest.Start(t)
	client := newClient(t, server.Addr)
	adaptertest.Run(t, adaptertest.Kit{
		Adapter: func() socketio.AdapterFunc { return New(client, Options{Timeout: 2 * time.Second}) },
		Outage:  func() func() { server.Kill(); return server.Restart },
	})
}

func TestClassicWithOwnResponseChannels(t *testing.T) {
	client := newClient(t, redistest.Start(t).Addr)
	adaptertest.Run(t, adaptertest.Kit{Adapter: func() socketio.AdapterFunc {
		return New(client, Options{Key: "own", PublishOnSpecificResponseChannel: true})
	}})
}

func TestSharded(t *testing.T) {
	for _, mode := range []SubscriptionMode{Dynamic, Static, DynamicPrivate} {
		t.Run(string(mode), func(t *testing.T) {
			server := redistest.Start(t)
			client := newClient(t, server.Addr)
			adaptertest.Run(t, adaptertest.Kit{
				Adapter: func() socketio.AdapterFunc {
					return NewSharded(client, ShardedOptions{SubscriptionMode: mode, Timeout: 2 * time.Second})
				},
				Outage: func() func() { server.Kill(); return server.Restart },
			})
		})
	}
}

// quiet discards what go-redis says about connections that the tests cut.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}
