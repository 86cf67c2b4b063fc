package redislog

import (
	"fmt"
	"strings"
	"testing"

	"transportlab/transports"
	"transportlab/transports/logtest"
	"transportlab/transports/redislog/redistest"
)

func TestF15_SentinelFailover(t *testing.T) {
	g := redistest.StartSentinels(t)
	one, two := nodes(t, g.URL(), quick())
	r := follow(t, two, "f15")
	before := fill(t, one, "f15", 0, 20)
	r.reaches(before)
	g.Replica.Await("o 20", "HGETALL", "tl:{f15}") // replicated
	g.Master.Kill()
	g.Promoted()
	after := put(t, one, "f15", "new")
	if after.Epoch != before.Epoch || after.Offset != 21 {
		t.Errorf("%q follows on %q, and nothing was lost", after, before)
	}
	r.reaches(after)
	if ids, gaps := r.seen(); len(ids) != 21 || gaps != 0 {
		t.Errorf("%d messages, %d gaps", len(ids), gaps)
	}
}

// A master that dies before it has replicated loses what it acknowledged: that must show.
func TestF15_FailoverLosesTheEnd(t *testing.T) {
	g := redistest.StartSentinels(t)
	one, two := nodes(t, g.URL(), quick())
	r := follow(t, two, "f15")
	r.reaches(fill(t, one, "f15", 0, 10))
	g.Replica.Await("o 10", "HGETALL", "tl:{f15}")
	g.Replica.Do("REPLICAOF", "NO", "ONE") // cut off, as by a partition; sentinels put that right within seconds
	lost := fill(t, one, "f15", 10, 10)
	r.reaches(lost)
	g.Master.Kill()
	g.Promoted()
	eventually(t, "the reader hears of the loss", func() bool { _, gaps := r.seen(); return gaps == 1 })
	after := put(t, one, "f15", "new")
	if after.Epoch == lost.Epoch {
		t.Errorf("%q follows on %q, which was lost", after, lost)
	}
	r.reaches(after)
}

func TestCluster(t *testing.T) {
	c := redistest.StartCluster(t)
	t.Run("Contract", func(t *testing.T) {
		run := 0
		logtest.Run(t, func(t testing.TB, maxLen int) (transports.BatchLog, logtest.Control) {
			run++
			o := Options{MaxLen: maxLen, Prefix: fmt.Sprint("run", run)}
			first, second := nodes(t, c.URL(), o)
			return first, logtest.Control{
				Lose:  func(topic string) { lose(t, topic, first, second) },
				Close: first.Close,
				Other: second,
			}
		})
	})
	t.Run("ShardedChannels", func(t *testing.T) {
		store := open(t, c.URL(), quick())
		if store.Info.Kind != "cluster" || store.Info.PubSub != "sharded" {
			t.Errorf("%+v", store.Info)
		}
		one, two := nodes(t, c.URL(), quick())
		for i := range 20 { // in slots of all masters
			topic := fmt.Sprint("sharded", i)
			r := follow(t, two, topic)
			r.reaches(fill(t, one, topic, 0, 5))
		}
		eventually(t, "every topic's channel is sharded", func() bool {
			n := 0
			for _, s := range c.Nodes {
				n += strings.Count(s.Do("PUBSUB", "SHARDCHANNELS", "tl:{sharded*"), "sharded")
			}
			return n == 20
		})
		for _, s := range c.Nodes {
			if stats := s.Do("INFO", "commandstats"); !strings.Contains(stats, "cmdstat_spublish") || strings.Contains(stats, "cmdstat_publish") {
				t.Errorf("a master that does not use SPUBLISH, or uses PUBLISH:\n%s", stats)
			}
		}
		if len(two.links) != len(c.Nodes) {
			t.Errorf("%d subscriber connections for %d masters", len(two.links), len(c.Nodes))
		}
	})
	t.Run("SlotMoves", func(t *testing.T) {
		one, two := nodes(t, c.URL(), quick())
		r := follow(t, two, "moving")
		r.reaches(fill(t, one, "moving", 0, 10))
		master := c.Moved(t, "tl:{moving}")
		last := fill(t, one, "moving", 10, 10)
		r.reaches(last)
		if ids, gaps := r.seen(); len(ids) != 20 || gaps != 0 || last.Offset != 20 {
			t.Errorf("%d messages, %d gaps, end %q", len(ids), gaps, last)
		}
		eventually(t, "the channel is subscribed at the new master", func() bool {
			return strings.Contains(master.Do("PUBSUB", "SHARDCHANNELS", "tl:{moving}"), "moving")
		})
	})
}
