package bench

import (
	"encoding/binary"
	"errors"
	"os"
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
	up, down passed
}

// passed are packets of one direction; headers are of IP and TCP. On a machine under load an acknowledgement
// may come so late that the sender repeats itself.
type passed struct {
	packets, payload, headers uint64
	repeated                  uint64            // of the payload, what had passed before
	next                      map[uint32]uint32 // sequence number, by ports
}

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

// read takes in all packets that have been captured until now.
func (c *tape) read(t *testing.T) {
	t.Helper()
	raw, err := c.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1<<16)
	for {
		var n int
		var failed error
		if err := raw.Control(func(fd uintptr) { n, _, failed = unix.Recvfrom(int(fd), p, 0) }); err != nil {
			t.Fatal(err)
		}
		switch {
		case errors.Is(failed, unix.EAGAIN):
			return
		case failed != nil:
			t.Fatal(failed)
		}
		const tcp = 6
		if p[0]>>4 != 4 || p[9] != tcp {
			t.Fatalf("a packet that is not TCP over IPv4: % x", p[:min(n, 40)])
		}
		ip := int(p[0]&15) * 4
		headers := ip + int(p[ip+12]>>4)*4
		if total := int(binary.BigEndian.Uint16(p[2:])); total != n {
			t.Fatalf("a packet of %d bytes of which %d were captured", total, n)
		}
		way := &c.down
		if p[19] == 1 { // to 192.0.2.1, the server
			way = &c.up
		}
		way.segment(p[ip:], headers, n-headers)
	}
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
	defer file.Close()
	before, err := l.count()
	if err != nil {
		t.Fatal(err)
	}
	seen := tape{file: file}
	var run result.Run
	err = load.Run(t.Context(), load.Config{Workload: w, Prefix: "c" + a.Transport + a.Carrier + ".", Dial: l.dial, Hooks: load.Hooks{End: func() error {
		c := settled(t, l, &seen).sub(before)
		up, down := layers(c.Up, c.up).Total()+uint64(c.Up.Handshake), layers(c.Down, c.down).Total()+uint64(c.Down.Handshake)
		if seen.up.payload-seen.up.repeated != up || seen.down.payload-seen.down.repeated != down {
			t.Errorf("the capture saw %d bytes up and %d down, the layers are %d and %d", seen.up.payload, seen.down.payload, up, down)
		}
		if layers(c.Up, c.up).Other+layers(c.Down, c.down).Other > 0 {
			t.Errorf("layers %+v and %+v", layers(c.Up, c.up), layers(c.Down, c.down))
		}
		kernel := wireOf(c, 0)
		if kernel.Up.Bytes != seen.up.payload || kernel.Down.Bytes != seen.down.payload-seen.down.repeated || kernel.Up.Segments != seen.up.packets || kernel.Down.Segments != seen.down.packets {
			t.Errorf("the kernel counted %+v and %+v, the capture %+v and %+v", kernel.Up, kernel.Down, seen.up, seen.down)
		}
		for _, d := range []struct {
			way     string
			total   uint64
			counted float64
			seen    passed
		}{
			{"up", kernel.Up.Total(), kernel.Interface.Up, seen.up},
			{"down", kernel.Down.Total(), kernel.Interface.Down, seen.down},
		} {
			frames := d.seen.payload + d.seen.headers + ethernet*d.seen.packets
			if float64(frames) != d.counted {
				t.Errorf("%s: the interface counted %.0f bytes, the capture %d", d.way, d.counted, frames)
			}
			// A SYN's options are 8 bytes longer than those of other segments, and nothing else differs unless
			// something was repeated.
			if d.total+8*c.wire.Connections != frames && seen.up.repeated+seen.down.repeated == 0 {
				t.Errorf("%s: %d bytes by segments of %d connections, the capture saw %d", d.way, d.total, c.wire.Connections, frames)
			}
		}
		return nil
	}}}, &run)
	if err != nil {
		t.Fatal(err)
	}
	if drops := seen.dropped(t); drops > 0 {
		t.Errorf("the capture dropped %d packets", drops)
	}
}

// settled reads the counts at a moment at which all of them agree that nothing is under way: a request that
// is on its way has passed one of them and not the next.
func settled(t *testing.T, l *lab, seen *tape) count {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		first, err := l.count()
		if err != nil {
			t.Fatal(err)
		}
		seen.read(t)
		packets := seen.up.packets + seen.down.packets
		time.Sleep(5 * time.Millisecond)
		again, err := l.count()
		if err != nil {
			t.Fatal(err)
		}
		seen.read(t)
		if again == first && seen.up.packets+seen.down.packets == packets {
			return again
		}
		if time.Now().After(deadline) {
			t.Fatal("it never becomes quiet")
		}
	}
}
