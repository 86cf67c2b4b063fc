package socketio

import (
	"context"
	"errors"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	peer "transportlab/socketio/client"
	"transportlab/socketio/engineio"
)

// For the whole measure: go test ./socketio -run Cycles -v -cycles 10000
var cycles = flag.Int("cycles", 100, "`number` of connections that come and go on each transport")

// usage is what a process holds.
type usage struct {
	goroutines, descriptors int
	heap                    uint64
}

// used counts after two collections: a sync.Pool keeps what it has for one more.
func used(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil && !errors.Is(err, os.ErrNotExist) { // where there is no /proc, the other two must do
		t.Fatal(err)
	}
	u.descriptors = len(files)
	return u
}

// Clients come, upgrade or not, emit, get answers and go, in all the ways there are: then nothing is left of them, at
// either end, as both are in this process.
func TestNothingIsLeftAfterCycles(t *testing.T) {
	for name, o := range map[string]peer.Options{
		"polling":   {Transports: []string{peer.Polling}},
		"websocket": {Transports: []string{peer.WebSocket}},
		"upgraded":  {Transports: []string{peer.Polling, peer.WebSocket}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, Options{
				Recovery: &RecoveryOptions{MaxDisconnection: time.Millisecond, MaxPackets: 10},
				Engine:   engineio.Options{AddressRate: 1e6, MessageRate: 1e6},
			})
			ns := l.server.Of("/")
			ns.OnConnect(func(s *Socket) {
				s.Join("all", "own "+s.ID())
				On(s, "echo", func(_ context.Context, text string) (string, error) { return text, nil })
			})
			o.Reconnection.Disabled = true
			turn(l, o, 20)
			before := used(t)
			began := time.Now()
			turn(l, o, *cycles)
			took := time.Since(began)
			var after usage
			eventually(t, func() bool {
				after = used(t)
				return after.goroutines <= before.goroutines && after.descriptors <= before.descriptors
			}, func() string { return "goroutines or descriptors are left" })
			t.Logf("%d cycles in %v: goroutines %d to %d, descriptors %d to %d, heap %d to %d kB", *cycles, took.Round(time.Millisecond),
				before.goroutines, after.goroutines, before.descriptors, after.descriptors, before.heap>>10, after.heap>>10)
			if after.heap > before.heap+1<<20 {
				t.Errorf("the heap has grown from %d to %d bytes", before.heap, after.heap)
			}
			holdsNothing(t, l.server)
		})
	}
}

// turn has n clients come and go, a few at a time.
func turn(l *lab, o peer.Options, n int) {
	var work sync.WaitGroup
	next := make(chan int)
	for range 8 {
		work.Go(func() { // ends with next
			for i := range next {
				if err := comeAndGo(l, o, i); err != nil {
					l.t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	work.Wait()
	eventually(l.t, func() bool { return l.server.Engine().Sessions() == 0 && len(l.server.Of("/").Sockets()) == 0 }, func() string { return "sessions are left" })
}

func comeAndGo(l *lab, o peer.Options, i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	m, err := peer.New(l.web.URL, o)
	if err != nil {
		return err
	}
	s := m.Socket("/", peer.SocketOptions{})
	s.Connect()
	if err := s.Wait(ctx); err != nil {
		return err
	}
	if answer, err := peer.Request[string](ctx, s, "echo", "hello"); err != nil || answer != "hello" {
		return errors.Join(errors.New("echo "+answer), err)
	}
	switch server := l.server.Of("/").Socket(s.ID()); i % 4 {
	case 0:
		s.Disconnect()
	case 1:
		server.Disconnect(true)
	case 2:
		server.Conn().Close()
	case 3: // the client goes without a word to the namespace
	}
	return m.Close(ctx)
}

// holdsNothing looks into every map that grows with clients.
func holdsNothing(t *testing.T, server *Server) {
	t.Helper()
	ns := server.Of("/")
	store := ns.adapter.(*recovering)
	time.Sleep(2 * time.Millisecond) // what is kept for recovery becomes too old, and goes with the next event
	if err := ns.Emit(t.Context(), "last"); err != nil {
		t.Error(err)
	}
	store.mu.Lock()
	kept, packets := len(store.sessions), len(store.packets)
	store.mu.Unlock()
	ns.local.mu.RLock()
	sockets, rooms := len(ns.local.sockets), len(ns.local.rooms)
	ns.local.mu.RUnlock()
	if n := server.Engine().Sessions(); n+kept+sockets+rooms+ns.arriving != 0 || packets > 1 {
		t.Errorf("left are %d sessions, %d to recover, %d packets, %d sockets, %d rooms, %d that arrive",
			n, kept, packets, sockets, rooms, ns.arriving)
	}
}
