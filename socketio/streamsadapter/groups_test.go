package streamsadapter

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/adaptertest"
	"transportlab/socketio/internal/redistest"
)

func TestStreamsOnCluster(t *testing.T) {
	masters := redistest.StartCluster(t)
	var addrs []string
	for _, m := range masters {
		addrs = append(addrs, m.Addr)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { client.Close() })
	for name, o := range map[string]Options{
		"plain channels":   {StreamCount: 4, Timeout: 2 * time.Second},
		"sharded channels": {UseShardedPubSub: true, ChannelPrefix: "sharded", StreamName: "sharded", Timeout: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, adaptertest.Kit{
				Adapter:  func() socketio.AdapterFunc { return New(client, o) },
				Recovery: true,
				Outage: func() func() {
					for _, m := range masters {
						m.Kill()
					}
					return func() {
						for _, m := range masters {
							m.Restart()
						}
					}
				},
			})
		})
	}
}

func TestStreamsSentinelFailover(t *testing.T) {
	group := redistest.StartGroup(t)
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: group.Sentinels})
	t.Cleanup(func() { client.Close() })
	adaptertest.RunFailover(t, adaptertest.Kit{
		Adapter:  func() socketio.AdapterFunc { return New(client, Options{}) },
		Recovery: true,
		Failover: func(string) { group.Master.Kill() },
	})
}
