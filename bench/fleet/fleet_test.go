package fleet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMessagesAreFoundWhereverReadsCutThem(t *testing.T) {
	text := "id: 1\ndata: " + string(Message(7, 20)) + "\n\n" + string(Message(999_999, Smallest)) + string(Message(1_000_001, 9))
	for step := 1; step <= len(text); step++ {
		var numbers []int
		s, count := scanner{heard: func(n int) { numbers = append(numbers, n) }}, int64(0)
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			count += s.scan([]byte(rest[:n]))
			rest = rest[n:]
		}
		if want := []int{7, 999_999, 1}; count != 3 || !slices.Equal(numbers, want) {
			t.Fatalf("in steps of %d: %d messages, numbers %v", step, count, numbers)
		}
	}
}

// A crowd is a server of event streams.
type crowd struct {
	mu   sync.Mutex
	seen []http.ResponseWriter
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	c.mu.Lock()
	c.seen = append(c.seen, w)
	c.mu.Unlock()
	<-r.Context().Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = slices.DeleteFunc(c.seen, func(x http.ResponseWriter) bool { return x == w })
}

func (c *crowd) publish(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.seen {
		fmt.Fprintf(w, "data: %s\n\n", Message(n, 64))
		w.(http.Flusher).Flush()
	}
	return nil
}

func TestAFleetCountsWhatItsClientsAreSent(t *testing.T) {
	c := &crowd{}
	server := httptest.NewServer(c)
	defer server.Close()
	var mu sync.Mutex
	heard := map[int]int{}
	f, err := Dial(t.Context(), Opening{Addr: strings.TrimPrefix(server.URL, "http://"), Path: "/", Heard: func(_, n int) {
		mu.Lock()
		defer mu.Unlock()
		heard[n]++
	}}, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Reach(t.Context(), c.publish); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = f.Saturate(ctx, 3, func(n int) error {
		if f.Slowest() > 100 {
			cancel()
		}
		return c.publish(n)
	})
	cancel()
	if err != nil || f.Slowest() <= 100 || f.Sum() < 5*f.Slowest() {
		t.Errorf("%v; the slowest of 5 has %d, all have %d", err, f.Slowest(), f.Sum())
	}
	mu.Lock()
	defer mu.Unlock()
	if heard[50] != 5 {
		t.Errorf("message 50 was heard %d times by 5 clients", heard[50])
	}
}

func TestAServerThatRefusesIsNamed(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := Dial(t.Context(), Opening{Addr: strings.TrimPrefix(server.URL, "http://"), Path: "/there", WebSocket: true}, 2)
	if err == nil || !strings.Contains(err.Error(), "/there is answered 404") {
		t.Errorf("a refusal is told as %v", err)
	}
}
