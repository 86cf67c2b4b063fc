package interop

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"transportlab/socketio/internal/redistest"
)

// published reads events of a room and returns how long each was on its way. Their texts begin with the time of sending.
func published(c *rawClient, n int, origin time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, 0, n)
	for len(took) < n {
		text, err := c.read()
		if err != nil {
			return took, err
		}
		stamp, ok := strings.CutPrefix(text, `42["news","`)
		if !ok {
			continue
		}
		stamp, _, _ = strings.Cut(stamp, " ")
		sent, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(origin)-time.Duration(sent))
	}
	return took, nil
}

// atRate publishes b.N events of about 64 bytes, one in each interval, and returns the ways of all deliveries, sorted.
func atRate(b *testing.B, publisher *rawClient, members []*rawClient, interval time.Duration) []time.Duration {
	b.Helper()
	origin := time.Now()
	ways := make([][]time.Duration, len(members))
	var readers sync.WaitGroup
	for i, c := range members {
		readers.Go(func() { // ends when everything has arrived
			var err error
			if ways[i], err = published(c, b.N, origin); err != nil {
				b.Error(err)
			}
		})
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for range b.N {
		<-tick.C
		publisher.send(b, fmt.Sprintf(`42["publish","%d %s"]`, time.Since(origin), strings.Repeat("x", 50)))
	}
	readers.Wait()
	all := slices.Concat(ways...)
	slices.Sort(all)
	return all
}

func reportWays(b *testing.B, ways []time.Duration) {
	b.ReportMetric(float64(ways[len(ways)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(ways[len(ways)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkPacedRoom publishes 20 events of 64 bytes a second to a room of 1,000. Use -benchtime 100x.
func BenchmarkPacedRoom(b *testing.B) {
	const members = 1000
	for _, name := range peers {
		b.Run("peer="+name, func(b *testing.B) {
			p := startPeer(b, name)
			clients := make([]*rawClient, members)
			for i := range clients {
				clients[i] = dialRaw(b, p.address)
			}
			publisher := dialRaw(b, p.address)
			before := p.processorTime(b)
			ways := atRate(b, publisher, clients, 50*time.Millisecond)
			b.ReportMetric((p.processorTime(b)-before)*1e6/float64(b.N*members), "cpu-µs/delivery")
			reportWays(b, ways)
		})
	}
}

// BenchmarkTwoNodes publishes 50 events a second on one node of a cluster over Redis, and times their way to 50 clients of
// the other node. Use -benchtime 200x.
func BenchmarkTwoNodes(b *testing.B) {
	const members = 50
	for _, name := range peers {
		b.Run("peer="+name, func(b *testing.B) {
			store := "REDIS=" + redistest.Start(b).Addr
			here, there := startPeer(b, name, store), startPeer(b, name, store)
			clients := make([]*rawClient, members)
			for i := range clients {
				clients[i] = dialRaw(b, there.address)
			}
			publisher := dialRaw(b, here.address)
			before := here.processorTime(b) + there.processorTime(b)
			ways := atRate(b, publisher, clients, 20*time.Millisecond)
			b.ReportMetric((here.processorTime(b)+there.processorTime(b)-before)*1e6/float64(b.N*members), "cpu-µs/delivery")
			reportWays(b, ways)
		})
	}
}
