package link

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// BenchmarkLink shows what each network condition does: a handshake, a round trip of a byte, and 200 kB on a
// fresh connection, which slow start spreads over about five round trips. The wrapper does not have it.
func BenchmarkLink(b *testing.B) {
	for _, emulator := range []string{Relay, Wrapper} {
		for _, spec := range []string{"lan", "broadband", "4g", "rtt=50ms", "rtt=50ms,loss=5%", "satellite"} {
			n, err := Parse(spec)
			if err != nil {
				b.Fatal(err)
			}
			if emulator == Wrapper && n.Loss > 0 {
				continue
			}
			b.Run("emulator="+emulator+"/net="+spec, func(b *testing.B) {
				l, err := Open(b.Context(), n, emulator, 1)
				if err != nil {
					b.Fatal(err)
				}
				defer l.Close()
				c := calibration{link: l}
				addr, stop, err := c.listen(b.Context(), sendWhenAsked)
				if err != nil {
					b.Fatal(err)
				}
				defer stop()
				var connects, trips, transfers []time.Duration
				for b.Loop() {
					connect, trip, transfer := fresh(b, l, addr)
					connects, trips, transfers = append(connects, connect), append(trips, trip), append(transfers, transfer)
				}
				for name, times := range map[string][]time.Duration{"connect": connects, "rtt": trips, "200kB": transfers} {
					slices.Sort(times)
					b.ReportMetric(float64(times[len(times)/2])/1e6, name+"-p50-ms")
				}
				b.ReportMetric(float64(trips[len(trips)*99/100])/1e6, "rtt-p99-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

const transferSize = 200_000

// sendWhenAsked answers each byte: 0 with itself, anything else with transferSize bytes.
func sendWhenAsked(c net.Conn) {
	b := make([]byte, 1)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
		answer := b
		if b[0] != 0 {
			answer = make([]byte, transferSize)
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func fresh(b *testing.B, l *Link, addr string) (connect, trip, transfer time.Duration) {
	begin := time.Now()
	c, err := l.DialContext(b.Context(), "tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	connect = time.Since(begin)
	defer c.Close()
	ask := func(kind byte, size int) time.Duration {
		begin := time.Now()
		if _, err := c.Write([]byte{kind}); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, size)); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	trip = ask(0, 1)
	return connect, trip, ask(1, transferSize)
}
