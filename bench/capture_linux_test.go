package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"transportlab/bench/link"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

// A tape is what a capture at the clients' interface saw.
type tape struct {
	file     *os.File
	mu       sync.Mutex
	failed   error // why it is not whole
	up, down passed
}

// follow reads what is captured as it comes, because little of it is held for who is not root.
func (c *tape) follow(t *testing.T) (stop func()) {
	t.Helper()
	raw, err := c.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends when the file is closed
		defer close(done)
		_ = raw.Read(func(fd uintptr) bool {
			c.drain(int(fd))
			return false
		})
	}()
	return func() {
		c.file.Close()
		<-done
	}
}

// passed are packets of one direction; headers are of IP and TCP. On a machine under load an acknowledgement
// may come so late that the sender repeats itself.
type passed struct {
	sums
	next map[uint32]uint32 // sequence number, by ports
}

// sums are bytes but for the packets. Repeated is of the payload what had passed before.
type sums struct{ packets, payload, headers, repeated uint64 }

// segment takes in a TCP segment.
func (w *passed) segment(tcp []byte, headers, payload int) {
	w.packets++
	w.payload += uint64(payload)
	w.headers += uint64(headers)
	if w.next == nil {
		w.next = map[uint32]uint32{}
	}
	ports, end := binary.BigEndian.Uint32(tcp), binary.BigEndian.Uint32(tcp[4:])+uint32(payload)
	if known, ok := w.next[ports]; ok {
		advance := max(int32(end-known), 0)
		w.repeated += uint64(max(int32(payload)-advance, 0))
		end = known + uint32(advance)
	}
	w.next[ports] = end
}

// seen takes in all packets that have been captured until now, and returns what they were.
func (c *tape) seen(t *testing.T) (up, down sums) {
	t.Helper()
	raw, err := c.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { c.drain(int(fd)) }); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		t.Fatal(c.failed)
	}
	return c.up.sums, c.down.sums
}

// drain takes in what a descriptor holds.
func (c *tape) drain(fd int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := make([]byte, 1<<16)
	for c.failed == nil {
		n, _, err := unix.Recvfrom(fd, p, 0)
		if errors.Is(err, unix.EAGAIN) {
			return
		}
		if err == nil {
			err = c.take(p[:n])
		}
		c.failed = err
	}
}

// take takes in one packet.
func (c *tape) take(p []byte) error {
	const tcp = 6
	if len(p) < 40 || p[0]>>4 != 4 || p[9] != tcp {
		return fmt.Errorf("a packet that is not TCP over IPv4: % x", p[:min(len(p), 40)])
	}
	ip := int(p[0]&15) * 4
	headers := ip + int(p[ip+12]>>4)*4
	if total := int(binary.BigEndian.Uint16(p[2:])); total != len(p) {
		return fmt.Errorf("a packet of %d bytes of which %d were captured", total, len(p))
	}
	way := &c.down
	if p[19] == 1 { // to 192.0.2.1, the server
		way = &c.up
	}
	way.segment(p[ip:], headers, len(p)-headers)
	return nil
}

func (c *tape) dropped(t *testing.T) uint32 {
	t.Helper()
	raw, err := c.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var stats *unix.TpacketStats
	var failed error
	if err := raw.Control(func(fd uintptr) {
		stats, failed = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	}); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return stats.Drops
}

// What the lab says of bytes must be what passed the interface: the layers of all that clients wrote and read
// to the byte, and the kernel's segments to the segment, from the first handshake on.
func TestByteLayersAreWhatACaptureSees(t *testing.T) {
	w, err := workload.Find("push")
	if err != nil {
		t.Fatal(err)
	}
	w.Clients, w.Publishers, w.Topics, w.Rate, w.Warmup, w.Duration = 3, 2, 1, 40, 0, workload.Duration(400*time.Millisecond)
	store, err := node.StartStore(t.Context(), "embedded")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for _, a := range []result.Arm{
		{Transport: "polling", Carrier: "h1"}, {Transport: "ajax", Carrier: "h1"}, {Transport: "longpoll", Carrier: "h1"},
		{Transport: "streaming", Carrier: "h1"}, {Transport: "websocket", Carrier: "h1"}, {Transport: "socketio", Carrier: "h1"},
		{Transport: "socketio-rooms", Carrier: "h1"}, {Transport: "tcp", Carrier: "h1"},
		{Transport: "longpoll", Carrier: "h2c"}, {Transport: "websocket", Carrier: "h1tls"}, {Transport: "streaming", Carrier: "h2"},
	} {
		a.Net = "rtt=10ms"
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel() // each has a link of its own
			n, err := link.Parse(a.Net)
			if err != nil {
				t.Fatal(err)
			}
			over, err := link.Open(t.Context(), n, link.Relay, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer over.Close()
			p := Plan{Options: transports.Options{Interval: 60 * time.Millisecond}, links: links{a.Net: over}}
			capture(t, p, a, w, store)
		})
	}
}

func capture(t *testing.T, p Plan, a result.Arm, w workload.Workload, store *node.Store) {
	l, err := newLab(t.Context(), p, a, store)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.link.Capture()
	if err != nil {
		t.Fatal(err)
	}
	c := &tape{file: file}
	defer c.follow(t)()
	before, err := l.count()
	if err != nil {
		t.Fatal(err)
	}
	var run result.Run
	err = load.Run(t.Context(), load.Config{Workload: w, Prefix: "c" + a.Transport + a.Carrier + ".", Dial: l.dial, Hooks: load.Hooks{End: func() error {
		after, up, down := settled(t, l, c)
		n := after.sub(before)
		layersUp, layersDown := layers(n.Up, n.up), layers(n.Down, n.down)
		layersUp.TLS += uint64(n.Up.Handshake)
		layersDown.TLS += uint64(n.Down.Handshake)
		if up.payload-up.repeated != layersUp.Total() || down.payload-down.repeated != layersDown.Total() {
			t.Errorf("the capture saw %+v up and %+v down, the layers are %+v and %+v", up, down, layersUp, layersDown)
		}
		if layersUp.Other+layersDown.Other > 0 {
			t.Errorf("layers %+v and %+v", layersUp, layersDown)
		}
		kernel := wireOf(n, 0)
		if kernel.Up.Bytes != up.payload || kernel.Down.Bytes != down.payload-down.repeated || kernel.Up.Segments != up.packets || kernel.Down.Segments != down.packets {
			t.Errorf("the kernel counted %+v and %+v, the capture %+v and %+v", kernel.Up, kernel.Down, up, down)
		}
		for _, d := range []struct {
			way     string
			total   uint64
			counted float64
			seen    sums
		}{
			{"up", kernel.Up.Total(), kernel.Interface.Up, up},
			{"down", kernel.Down.Total(), kernel.Interface.Down, down},
		} {
			frames := d.seen.payload + d.seen.headers + ethernet*d.seen.packets
			if float64(frames) != d.counted {
				t.Errorf("%s: the interface counted %.0f bytes, the capture %d", d.way, d.counted, frames)
			}
			if d.total != frames && up.repeated+down.repeated == 0 {
				t.Errorf("%s: %d bytes by segments, the capture saw %d", d.way, d.total, frames)
			}
		}
		return nil
	}}}, &run)
	if err != nil {
		t.Fatal(err)
	}
	if drops := c.dropped(t); drops > 0 {
		t.Errorf("the capture dropped %d packets", drops)
	}
}

// settled reads the counts at a moment at which all of them agree that nothing is under way: a request that
// is on its way has passed one of them and not the next.
func settled(t *testing.T, l *lab, c *tape) (n count, up, down sums) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		first, err := l.count()
		if err != nil {
			t.Fatal(err)
		}
		up, down = c.seen(t)
		time.Sleep(5 * time.Millisecond)
		if n, err = l.count(); err != nil {
			t.Fatal(err)
		}
		if againUp, againDown := c.seen(t); n == first && up == againUp && down == againDown {
			return n, up, down
		}
		if time.Now().After(deadline) {
			t.Fatal("it never becomes quiet")
		}
	}
}
