package carrier_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"

	"transportlab/transports/carrier"
)

// Thousands of connections wait for news: what a hijacked one costs here must be small beside its socket.
func TestIdleConnectionsAreSmall(t *testing.T) {
	const n, most = 500, 2048 // bytes of heap for each, both ends
	kept := make(chan net.Conn, n)
	s, _ := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		kept <- conn
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	}), carrier.ServerOptions{MaxConnsPerAddr: n}, carrier.ClientOptions{})
	clients := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range clients {
			c.Close()
		}
	}()
	before := heap()
	for range n {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, conn)
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if each := (heap() - before) / n; each > most {
		t.Errorf("a connection costs %d bytes of heap, want at most %d", each, most)
	}
	if len(kept) != n {
		t.Errorf("%d connections are held, want %d", len(kept), n)
	}
}

// heap is what is allocated and reachable, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the second one frees what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
