package redislog

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
	"transportlab/transports/redislog/redistest"
)

// BenchmarkDelivery measures from the call that publishes on one node to the moment at which a
// subscriber on another has the message. The bare PUBLISH to SUBSCRIBE of go-redis takes turns with
// the log, in blocks, so that
// both meet the same machine.
func BenchmarkDelivery(b *testing.B) {
	for _, network := range []string{"tcp", "unix"} {
		b.Run(network, func(b *testing.B) {
			socket := b.TempDir() + "/s"
			url := redistest.Start(b, "--unixsocket", socket).URL()
			if network == "unix" {
				url = "unix://" + socket
			}
			bare, log := delivery(b, url)
			b.ReportMetric(float64(quantile(bare, 0.5).Microseconds()), "bare-p50-µs")
			b.ReportMetric(float64(quantile(bare, 0.99).Microseconds()), "bare-p99-µs")
			b.ReportMetric(float64(quantile(log, 0.5).Microseconds()), "log-p50-µs")
			b.ReportMetric(float64(quantile(log, 0.99).Microseconds()), "log-p99-µs")
			b.ReportMetric(float64(quantile(log, 0.5))/float64(quantile(bare, 0.5)), "p50-ratio")
		})
	}
}

func delivery(b *testing.B, url string) (bare, log []time.Duration) {
	ctx := b.Context()
	arrived := make(chan time.Time)
	publisher, subscriber := open(b, url, Options{}), open(b, url, Options{})
	go transports.Follow(ctx, subscriber.Log, "bench", transports.Cursor{}, 256, func(ms []transports.Message) error { // ends with ctx
		for range ms {
			arrived <- time.Now()
		}
		return nil
	})
	one, two := plain(b, url), plain(b, url)
	subscription := two.Subscribe(ctx, "bench")
	defer subscription.Close()
	if _, err := subscription.Receive(ctx); err != nil {
		b.Fatal(err)
	}
	go func() { // ends when the subscription is closed
		for {
			if _, err := subscription.ReceiveMessage(ctx); err != nil {
				return
			}
			arrived <- time.Now()
		}
	}()
	data := make([]byte, 64)
	for i := range data {
		data[i] = 'x'
	}
	i := 0
	measure := func(publish func() error) time.Duration {
		start := time.Now()
		done := make(chan error, 1)
		go func() { done <- publish() }() // ends with the publication
		at := <-arrived
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		return at.Sub(start)
	}
	const block = 50 // of one kind before the other has its turn
	for b.Loop() {
		if i++; i%(2*block) < block {
			bare = append(bare, measure(func() error { return one.Publish(ctx, "bench", data).Err() }))
			continue
		}
		log = append(log, measure(func() error {
			_, err := publisher.Log.Append(ctx, "bench", transports.Message{ID: fmt.Sprint(i), Data: data})
			return err
		}))
	}
	if len(log) == 0 {
		b.Skip("too few rounds; use -benchtime 10000x")
	}
	return bare[len(bare)/10:], log[len(log)/10:] // without connections, scripts, pages
}

// plain is a client as go-redis makes them, but for its logger.
func plain(b *testing.B, url string) *redis.Client {
	o, err := redis.ParseURL(url)
	if err != nil {
		b.Fatal(err)
	}
	c := redis.NewClient(o)
	b.Cleanup(func() { c.Close() })
	return c
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[int(q*float64(len(d)-1))]
}

// BenchmarkAppend measures appends by many callers at once.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			log := open(b, redistest.Start(b).URL(), Options{}).Log
			b.SetParallelism(callers)
			ids := make(chan int)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			go func() { // ends with ctx
				for i := 0; ; i++ {
					select {
					case ids <- i:
					case <-ctx.Done():
						return
					}
				}
			}()
			data := make([]byte, 64)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := log.Append(ctx, "bench", transports.Message{ID: fmt.Sprint(<-ids), Data: data}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkRead measures a read of a followed topic.
func BenchmarkRead(b *testing.B) {
	log := open(b, "embedded", Options{}).Log.(*Log)
	var last transports.Cursor
	for i := range 100 {
		last, _ = log.Append(b.Context(), "bench", transports.Message{ID: fmt.Sprint(i)})
	}
	last.Offset -= 10
	if _, err := log.Read(b.Context(), "bench", last, 10); err != nil {
		b.Fatal(err)
	}
	eventually(b, "the topic is followed", func() bool { return log.find("bench").fresh.Load() })
	b.ReportAllocs()
	for b.Loop() {
		if ms, err := log.Read(b.Context(), "bench", last, 10); err != nil || len(ms) != 10 {
			b.Fatal(len(ms), err)
		}
	}
}
