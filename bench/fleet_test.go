package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// mark stands once in every message of a bar and nowhere else, so that a reader can count messages
// without knowing how they are framed.
const mark = '~'

var barMessage = []byte(strings.Repeat("x", 63) + string(mark))

// A fleet is many clients that only count what they are sent: a read and a scan for mark, so that the
// readers do not become what is measured.
type fleet struct {
	conns  []net.Conn
	counts []atomic.Int64
	done   sync.WaitGroup
}

// dialFleet opens n WebSockets or streams.
func dialFleet(b *testing.B, addr, path string, socket bool, n int) *fleet {
	b.Helper()
	head := "GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if socket {
		head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	} else {
		head += "Accept: text/event-stream\r\n"
	}
	f := &fleet{counts: make([]atomic.Int64, n)}
	for i := range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		f.conns = append(f.conns, c)
		if _, err := fmt.Fprint(c, head, "\r\n"); err != nil {
			b.Fatal(err)
		}
		r := bufio.NewReader(c)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusSwitchingProtocols {
			b.Fatalf("client %d is answered %v, %v", i, resp, err)
		}
		rest, _ := r.Peek(r.Buffered())
		f.counts[i].Add(int64(bytes.Count(rest, []byte{mark})))
		f.done.Go(func() { f.read(i) }) // ends when the connection does
	}
	return f
}

func (f *fleet) read(i int) {
	buf := make([]byte, 16<<10)
	for {
		n, err := f.conns[i].Read(buf)
		f.counts[i].Add(int64(bytes.Count(buf[:n], []byte{mark})))
		if err != nil {
			return
		}
	}
}

func (f *fleet) close() {
	for _, c := range f.conns {
		c.Close()
	}
	f.done.Wait()
}

// slowest and sum are over all clients.
func (f *fleet) slowest() int64 {
	least := f.counts[0].Load()
	for i := range f.counts {
		least = min(least, f.counts[i].Load())
	}
	return least
}

func (f *fleet) sum() (n int64) {
	for i := range f.counts {
		n += f.counts[i].Load()
	}
	return n
}

// saturate publishes as fast as the slowest client allows, which is never more than window messages
// behind, from several goroutines, until stop is closed. It returns when all have ended.
func (f *fleet) saturate(b *testing.B, window int64, publish func() error, stop <-chan struct{}) {
	const workers = 64
	var sent, slowest atomic.Int64
	slowest.Store(f.slowest())
	sent.Store(slowest.Load())
	var g sync.WaitGroup
	for range workers {
		g.Go(func() { // ends with stop
			for {
				select {
				case <-stop:
					return
				default:
				}
				if sent.Load()-slowest.Load() >= window {
					slowest.Store(f.slowest())
					if sent.Load()-slowest.Load() >= window {
						time.Sleep(200 * time.Microsecond)
					}
					continue
				}
				sent.Add(1)
				if err := publish(); err != nil {
					b.Errorf("publishing: %v", err)
					return
				}
			}
		})
	}
	g.Wait()
}
