package bench

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// BenchmarkBarEcho: server CPU of a message of 64 bytes that is sent, stored, acknowledged and delivered over
// a WebSocket, against a bare TCP echo of as many bytes; one client, which is the same for both.
func BenchmarkBarEcho(b *testing.B) {
	l := ledger{}
	turns(b, func() {
		n := startArm(b, "websocket")
		defer n.Kill()
		l.add("websocket-cpu-ns/msg", pingPong(b, n.PID, strings.TrimPrefix(n.URL, "http://"), "/websocket/a", true))
	}, func() {
		f := startFloor(b)
		l.add("tcp-cpu-ns/msg", pingPong(b, f.pid, f.addr, "/echo", false))
	})
	l.ratio("x-cpu", "websocket-cpu-ns/msg", "tcp-cpu-ns/msg")
	l.report(b)
}

// pingPong sends messages one at a time over a connection, waits until each has come back (over a WebSocket
// its acknowledgement too), and returns the server's CPU time per message.
func pingPong(b *testing.B, pid int, addr, path string, socket bool) float64 {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, addr)
	buf := make([]byte, 8192)
	if n, err := c.Read(buf); err != nil || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
		b.Fatalf("%q, %v", buf[:n], err)
	}
	sent := 0
	rounds := func(length time.Duration) (n int) {
		for end := time.Now().Add(length); time.Now().Before(end); n++ {
			sent++
			message := fmt.Appendf(nil, `["%08d","%s"]`, sent, barMessage)
			id, times := message[1:11], 1
			if socket {
				message, times = append([]byte{0x81, 0x80 | byte(len(message)), 0, 0, 0, 0}, message...), 2
			}
			if _, err := c.Write(message); err != nil {
				b.Fatal(err)
			}
			for times > 0 {
				n, err := c.Read(buf)
				if err != nil {
					b.Fatal(err)
				}
				times -= bytes.Count(buf[:n], id)
			}
		}
		return n
	}
	rounds(300 * time.Millisecond)
	before := process(b, pid)
	n := rounds(1500 * time.Millisecond)
	return float64(process(b, pid).CPU-before.CPU) / float64(n)
}
