package socketio

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// After many connections have come and gone over both transports, in good order and in bad, nothing of them is left.
func TestNothingIsLeftAfterChurn(t *testing.T) {
	l := newLab(t, Options{Recovery: &RecoveryOptions{MaxDisconnection: time.Millisecond}})
	ns := l.server.Of("/")
	ns.OnConnect(func(s *Socket) {
		s.Join("r", "other"+s.ID())
		answerEcho(s)
	})
	churn := func(rounds int) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { // ends after its rounds
				for round := range rounds {
					switch (i + round) % 4 {
					case 0, 1:
						c, _, err := websocket.Dial(t.Context(), l.web.URL+"/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{HTTPClient: l.client})
						if err != nil {
							t.Error(err)
							return
						}
						for _, text := range []string{"40", `42["echo"]`, `451-["half",{"_placeholder":true,"num":0}]`} {
							if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
								t.Error(err)
							}
						}
						if (i+round)%4 == 0 {
							_, _, _ = c.Read(t.Context()) // the open packet
						}
						_ = c.CloseNow() // whatever is on the way
					case 2, 3:
						open := l.http("GET", "/socket.io/?EIO=4&transport=polling", "")
						sid, _, _ := strings.Cut(strings.TrimPrefix(open, `0{"sid":"`), `"`)
						query := "/socket.io/?EIO=4&transport=polling&sid=" + sid
						l.http("POST", query, "40\x1e42[\"echo\"]")
						l.http("GET", query, "")
						l.http("POST", query, []string{"1", "nonsense"}[i%2])
					}
				}
			})
		}
		wg.Wait()
		eventually(t, func() bool { return l.server.Engine().Sessions() == 0 && len(ns.Sockets()) == 0 }, func() string { return "sessions are left" })
		l.client.CloseIdleConnections()
	}
	churn(5)
	settle := func() (goroutines int, heap uint64) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	before, heap := settle()
	churn(60)
	eventually(t, func() bool { n, _ := settle(); return n <= before+5 }, func() string {
		n, _ := settle()
		return fmt.Sprintf("goroutines went from %d to %d", before, n)
	})
	if _, now := settle(); now > heap+4<<20 {
		t.Errorf("the heap has grown from %d to %d bytes", heap, now)
	}
	ns.local.mu.RLock()
	defer ns.local.mu.RUnlock()
	if len(ns.local.rooms) != 0 {
		t.Errorf("%d rooms are left", len(ns.local.rooms))
	}
}
