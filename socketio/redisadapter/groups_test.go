package redisadapter

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/adaptertest"
	"transportlab/socketio/internal/redistest"
)

func newCluster(t *testing.T) (masters []*redistest.Server, client *redis.ClusterClient) {
	masters = redistest.StartCluster(t)
	var addrs []string
	for _, m := range masters {
		addrs = append(addrs, m.Addr)
	}
	client = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { client.Close() })
	return masters, client
}

func TestClassicOnCluster(t *testing.T) {
	masters, client := newCluster(t)
	adaptertest.Run(t, adaptertest.Kit{
		Adapter: func() socketio.AdapterFunc { return New(client, Options{Timeout: 2 * time.Second}) },
		Outage:  func() func() { return crash(masters) },
	})
}

func TestShardedOnCluster(t *testing.T) {
	masters, client := newCluster(t)
	adaptertest.Run(t, adaptertest.Kit{
		Adapter: func() socketio.AdapterFunc { return NewSharded(client, ShardedOptions{Timeout: 2 * time.Second}) },
		Outage:  func() func() { return crash(masters) },
		Failover: func(namespace string) {
			redistest.MoveSlot(t, masters, "socket.io#"+namespace+"#")
			redistest.MoveSlot(t, masters, "socket.io#"+namespace+"#room#")
		},
	})
}

// crash kills all masters of a cluster and returns how to start them again.
func crash(masters []*redistest.Server) (end func()) {
	for _, m := range masters {
		m.Kill()
	}
	return func() {
		for _, m := range masters {
			m.Restart()
		}
	}
}

func TestSentinelFailover(t *testing.T) {
	for name, adapter := range map[string]func(redis.UniversalClient) socketio.AdapterFunc{
		"classic": func(c redis.UniversalClient) socketio.AdapterFunc { return New(c, Options{}) },
		"sharded": func(c redis.UniversalClient) socketio.AdapterFunc { return NewSharded(c, ShardedOptions{}) },
	} {
		t.Run(name, func(t *testing.T) {
			group := redistest.StartGroup(t)
			client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: group.Sentinels})
			t.Cleanup(func() { client.Close() })
			adaptertest.RunFailover(t, adaptertest.Kit{
				Adapter:  func() socketio.AdapterFunc { return adapter(client) },
				Failover: func(string) { group.Master.Kill() },
			})
		})
	}
}
