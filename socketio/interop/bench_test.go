package interop

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var peers = []string{"go", "node"}

// BenchmarkEcho sends 64-byte events that are acknowledged with the same text, one at a time on each of 50 connections.
func BenchmarkEcho(b *testing.B) {
	for _, name := range peers {
		b.Run("peer="+name, func(b *testing.B) {
			p := startPeer(b, name)
			text := strings.Repeat("x", 64)
			clients := make([]*rawClient, 50)
			for i := range clients {
				clients[i] = dialRaw(b, p.address)
			}
			measure(b, p, func() {
				inParallel(b, clients, func(c *rawClient, n int) error {
					for i := range n {
						if err := c.write(fmt.Sprintf(`42%d["echo","%s"]`, i, text)); err != nil {
							return err
						}
						if _, err := c.read(); err != nil {
							return err
						}
					}
					return nil
				})
			})
		})
	}
}

// measure runs f and reports the peer's processor time for each of b.N.
func measure(b *testing.B, p peer, f func()) {
	before := p.processorTime(b)
	b.ResetTimer()
	f()
	b.StopTimer()
	b.ReportMetric((p.processorTime(b)-before)*1e6/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}

// inParallel shares b.N among the clients.
func inParallel[C any](b *testing.B, clients []C, f func(c C, n int) error) {
	var wg sync.WaitGroup
	for i, c := range clients {
		n := b.N / len(clients)
		if i < b.N%len(clients) {
			n++
		}
		wg.Go(func() { // ends with its share
			if err := f(c, n); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

// BenchmarkRoom publishes 64-byte events to a room of 1,000 as fast as the server takes them. An operation is one delivery.
func BenchmarkRoom(b *testing.B) {
	const members = 1000
	for _, name := range peers {
		b.Run("peer="+name, func(b *testing.B) {
			p := startPeer(b, name)
			text := strings.Repeat("x", 64)
			frame := len(`42["news",""]`) + 64 + 2
			publishes := max(b.N/members, 1)
			var readers sync.WaitGroup
			var delivered atomic.Int64
			clients := make([]*rawClient, members)
			for i := range clients {
				clients[i] = dialRaw(b, p.address)
			}
			b.ResetTimer()
			measure(b, p, func() {
				for _, c := range clients {
					readers.Go(func() { // ends when everything has arrived
						n, err := io.CopyN(io.Discard, c.br, int64(publishes*frame))
						delivered.Add(n / int64(frame))
						if err != nil {
							b.Error(err)
						}
					})
				}
				for range publishes {
					clients[0].send(b, `42["publish","`+text+`"]`)
				}
				readers.Wait()
			})
			b.ReportMetric(float64(delivered.Load())/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// BenchmarkPolling sends 64-byte events by POST and fetches the acknowledgement by GET, one at a time on each of 20
// sessions.
func BenchmarkPolling(b *testing.B) {
	for _, name := range peers {
		b.Run("peer="+name, func(b *testing.B) {
			p := startPeer(b, name)
			transport := &http.Transport{MaxIdleConnsPerHost: 100}
			b.Cleanup(transport.CloseIdleConnections)
			web := &http.Client{Transport: transport}
			text := strings.Repeat("x", 64)
			urls := make([]string, 20)
			for i := range urls {
				url := "http://" + p.address + "/socket.io/?EIO=4&transport=polling"
				open, err := request(web, http.MethodGet, url, "")
				if err != nil {
					b.Fatal(err)
				}
				sid, _, _ := strings.Cut(strings.TrimPrefix(open, `0{"sid":"`), `"`)
				urls[i] = url + "&sid=" + sid
				if _, err := request(web, http.MethodPost, urls[i], "40"); err != nil {
					b.Fatal(err)
				}
				if answer, err := request(web, http.MethodGet, urls[i], ""); err != nil || !strings.HasPrefix(answer, "40{") {
					b.Fatal(answer, err)
				}
			}
			measure(b, p, func() {
				inParallel(b, urls, func(url string, n int) error {
					for i := range n {
						if _, err := request(web, http.MethodPost, url, fmt.Sprintf(`42%d["echo","%s"]`, i, text)); err != nil {
							return err
						}
						if _, err := request(web, http.MethodGet, url, ""); err != nil {
							return err
						}
					}
					return nil
				})
			})
		})
	}
}

func request(web *http.Client, method, url, body string) (string, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	answer, err := web.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", method, answer.Status, text)
	}
	return string(text), err
}

// BenchmarkIdle opens 5,000 connections in a burst and reports what each costs at rest.
func BenchmarkIdle(b *testing.B) {
	const connections = 5000
	for _, name := range peers {
		b.Run("peer="+name, func(b *testing.B) {
			p := startPeer(b, name)
			first := dialRaw(b, p.address) // what it costs is not the others'
			before := p.residentMemory(b)
			clients := make([]*rawClient, connections)
			var wg sync.WaitGroup
			start := time.Now()
			for i := range clients {
				wg.Go(func() { clients[i] = dialRaw(b, p.address) }) // ends when it has joined
			}
			wg.Wait()
			b.ReportMetric(float64(time.Since(start).Milliseconds()), "burst-ms")
			b.ReportMetric((p.residentMemory(b)-before)/connections/1000, "kB/conn")
			time.Sleep(time.Second) // at rest
			b.ReportMetric((p.residentMemory(b)-before)/connections/1000, "rested-kB/conn")
			first.send(b, `421["collect",""]`)
			first.expect(b, "431")
			b.ReportMetric((p.residentMemory(b)-before)/connections/1000, "collected-kB/conn")
		})
	}
}
