package redislog

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/redislog/redistest"
)

// A slicer stands between a log and its server, and hands on replies in crumbs, or breaks off within one.
type slicer struct {
	net.Listener
	to    string
	crumb atomic.Int64 // bytes of a reply handed on at a time; 0 is as they come
	quota atomic.Int64 // bytes of replies until the connection breaks; negative is none

	conns sync.WaitGroup
	mu    sync.Mutex
	open  map[net.Conn]bool
}

func slice(t testing.TB, to string) *slicer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &slicer{Listener: l, to: to, open: map[net.Conn]bool{}}
	s.quota.Store(-1)
	s.conns.Go(s.serve) // ends with the listener
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for c := range s.open {
			c.Close()
		}
		s.mu.Unlock()
		s.conns.Wait()
	})
	return s
}

func (s *slicer) url() string { return "redis://" + s.Addr().String() }

func (s *slicer) serve() {
	for {
		client, err := s.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", s.to)
		if err != nil {
			client.Close()
			continue
		}
		s.mu.Lock()
		s.open[client], s.open[server] = true, true
		s.mu.Unlock()
		shut := func() {
			client.Close()
			server.Close()
		}
		s.conns.Go(func() { // these two end with either connection
			defer shut()
			io.Copy(server, client)
		})
		s.conns.Go(func() {
			defer shut()
			s.replies(client, server)
		})
	}
}

func (s *slicer) replies(client, server net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := server.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			crumb := len(rest)
			if c := int(s.crumb.Load()); c > 0 {
				crumb = min(crumb, c)
			}
			if quota := s.quota.Load(); quota >= 0 {
				crumb = min(crumb, int(quota))
				s.quota.Add(-int64(crumb))
				if crumb == 0 {
					return
				}
			}
			if _, err := client.Write(rest[:crumb]); err != nil {
				return
			}
			rest = rest[crumb:]
		}
		if err != nil {
			return
		}
	}
}

func TestF10_RepliesInCrumbs(t *testing.T) {
	s := slice(t, redistest.Start(t).Addr)
	for _, crumb := range []int64{1, 2, 7} {
		s.crumb.Store(crumb)
		topic := fmt.Sprint("f10-", crumb)
		one, two := nodes(t, s.url(), Options{})
		r := follow(t, two, topic)
		r.reaches(fill(t, one, topic, 0, 50))
		if ids, gaps := r.seen(); len(ids) != 50 || gaps != 0 {
			t.Errorf("in crumbs of %d bytes: %d messages, %d gaps", crumb, len(ids), gaps)
		}
	}
}

// A connection that breaks within a reply takes down the commands that were under way on it and nothing
// else: what one caller is answered never belongs to another's command.
func TestF10_BrokenWithinAReply(t *testing.T) {
	s := slice(t, redistest.Start(t).Addr)
	one, two := nodes(t, s.url(), quick())
	r := follow(t, two, "f10")
	r.reaches(fill(t, one, "f10", 0, 3))
	const callers, each = 8, 10
	var mu sync.Mutex
	at := map[transports.Cursor]string{}
	var wg, breaker sync.WaitGroup
	done := make(chan struct{})
	breaker.Go(func() { // ends with done
		for quota := int64(1); ; quota = quota*5%97 + 1 {
			select {
			case <-done:
				s.quota.Store(-1)
				return
			case <-time.After(20 * time.Millisecond):
				s.quota.Store(quota)
			}
			select {
			case <-done:
			case <-time.After(20 * time.Millisecond):
			}
			s.quota.Store(-1)
		}
	})
	for c := range callers {
		wg.Go(func() { // ends with its messages
			for i := range each {
				id := fmt.Sprintf("%d.%d", c, i)
				cursor := put(t, one, "f10", id)
				mu.Lock()
				if other, taken := at[cursor]; taken {
					t.Errorf("%s and %s are both at %q", other, id, cursor)
				}
				at[cursor] = id
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(done)
	breaker.Wait()
	last := put(t, one, "f10", "end")
	r.reaches(last)
	ids, gaps := r.seen()
	if len(ids) != 3+callers*each+1 || gaps != 0 {
		t.Errorf("%d messages, %d gaps", len(ids), gaps)
	}
	ms, err := two.Read(t.Context(), "f10", transports.Cursor{Epoch: last.Epoch}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		if id, known := at[m.Cursor]; known && id != m.ID {
			t.Errorf("at %q stands %s; its sender was told that of %s", m.Cursor, m.ID, id)
		}
	}
}

// A reply that does not end in time is given up, and so is its connection: the rest of it must not be
// taken for the answer to the next command.
func TestF10_ReplyThatStops(t *testing.T) {
	s := slice(t, redistest.Start(t).Addr)
	one, _ := nodes(t, s.url(), quick())
	first := put(t, one, "f10", "a")
	if _, err := one.Append(t.Context(), "f10", text("a")); err != nil {
		t.Fatal(err)
	}
	s.quota.Store(3)
	if _, err := one.Append(t.Context(), "f10", text("b")); !errors.Is(err, transports.ErrUnavailable) {
		t.Errorf("append whose reply breaks off: %v", err)
	}
	s.quota.Store(-1)
	b, c := put(t, one, "f10", "b"), put(t, one, "f10", "c")
	if b.Offset != first.Offset+1 || c.Offset != b.Offset+1 {
		t.Errorf("a, b, c are at %q, %q, %q", first, b, c)
	}
}
