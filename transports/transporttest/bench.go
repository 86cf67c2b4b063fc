package transporttest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"transportlab/transports"
)

// Bench measures a transport on every carrier that it names, over a log in memory and loopback, both
// ends in this process: what a change costs, not what a transport is worth. For pull transports the
// interval is as short as it can be.
//
//	echo      one message at a time, from Send to its own Recv
//	send      Send alone, from many goroutines on one connection
//	fan-out   one message to 100 subscribers, each a connection where the carrier has one for each
//
// wire-B/op is what TCP carried both ways, TLS included, without handshakes.
func Bench(b *testing.B, newTransport New) {
	BenchOver(b, func(_ transports.Log, o transports.Options) transports.Transport { return newTransport(o) })
}

// BenchOver is Bench for a transport that needs no server because it has the log itself.
func BenchOver(b *testing.B, newTransport func(log transports.Log, o transports.Options) transports.Transport) {
	k := newKit(newTransport)
	k.patience = time.Hour
	info := newTransport(nil, transports.Options{}).Info()
	for _, on := range info.Carriers {
		for _, size := range []int{64, 4096} {
			for _, workload := range []struct {
				name string
				run  func(w *world, b *testing.B, size int)
			}{{"echo", benchEcho}, {"send", benchSend}, {"fan-out", benchFanOut}} {
				b.Run(fmt.Sprintf("workload=%s/transport=%s/carrier=%s/size=%d", workload.name, info.Name, on, size), func(b *testing.B) {
					w := open(b, k, testCase{promise: "every message arrives", undisturbed: true, options: transports.Options{Interval: time.Microsecond, Hold: time.Minute, Batch: 256}}, on)
					defer w.close()
					b.ReportAllocs()
					workload.run(w, b, size)
				})
			}
		}
	}
}

// measured runs loop between two readings of the meter, and reports bytes for each of b.N·each operations.
func (w *world) measured(b *testing.B, each int, loop func()) {
	if w.client == nil {
		b.ResetTimer()
		loop()
		return
	}
	before := w.traffic()
	b.ResetTimer()
	loop()
	b.StopTimer()
	b.ReportMetric(float64(w.traffic()-before)/float64(b.N*each), "wire-B/op")
}

func benchEcho(w *world, b *testing.B, size int) {
	c := w.dial("t", transports.Cursor{})
	data := bytes.Repeat([]byte("x"), size)
	once := func() {
		sent := w.send(c, transports.Message{Data: data})
		if got := w.receive(c); got.Cursor != sent.Cursor {
			w.fatal("sent %s, received %s", describe(sent), describe(got))
		}
	}
	once()
	w.measured(b, 1, func() {
		for b.Loop() {
			once()
		}
	})
}

func benchSend(w *world, b *testing.B, size int) {
	c := w.dial("t", transports.Cursor{})
	data := bytes.Repeat([]byte("x"), size)
	w.send(c, transports.Message{Data: data})
	w.measured(b, 1, func() {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := c.Send(w.ctx, transports.Message{Data: data}); err != nil {
					w.broke("Send: %v", err)
					return
				}
			}
		})
	})
}

func benchFanOut(w *world, b *testing.B, size int) {
	const subscribers = 100
	pub := w.dial("t", transports.Cursor{})
	data := bytes.Repeat([]byte("x"), size)
	w.send(pub, transports.Message{Data: data})
	ctx, cancel := context.WithCancel(w.ctx)
	var running, round sync.WaitGroup
	round.Add(subscribers)
	for range subscribers {
		c := w.dial("t", transports.Cursor{})
		running.Go(func() { // ends with ctx
			for {
				if _, err := c.Recv(ctx); err != nil {
					if ctx.Err() == nil {
						w.broke("Recv: %v", err)
						round.Done()
					}
					return
				}
				round.Done()
			}
		})
	}
	round.Wait() // all have received the first
	w.measured(b, subscribers, func() {
		for b.Loop() {
			round.Add(subscribers)
			w.send(pub, transports.Message{Data: data})
			round.Wait()
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscribers), "ns/delivery")
	cancel()
	running.Wait()
}
