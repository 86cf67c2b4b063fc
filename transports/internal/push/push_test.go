package push

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/internal/hub"
	"transportlab/transports/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// words is a framing whose bytes say what was written.
type words struct{}

func (words) Batch(dst []byte, r hub.Run) []byte {
	return fmt.Appendf(dst, "<%d-%d>", r.First, r.Last.Offset)
}
func (words) Gap(dst []byte, g *transports.GapError) []byte {
	return fmt.Appendf(dst, "<gap %d-%d>", g.First, g.Last)
}
func (words) Heartbeat(dst []byte) []byte                { return append(dst, "<beat>"...) }
func (words) Bye(dst []byte, e *transports.Error) []byte { return fmt.Appendf(dst, "<bye %s>", e.Code) }

// A pipe records writes, each of which takes a while.
type pipe struct {
	takes time.Duration
	limit int // bytes that the peer takes before it stops reading; 0: all

	mu     sync.Mutex
	writes []string
	last   string
	closed string
}

func (p *pipe) Write(b []byte) (int, error) {
	time.Sleep(p.takes)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit > 0 {
		return p.limit, os.ErrDeadlineExceeded
	}
	p.writes = append(p.writes, string(b))
	return len(b), nil
}

func (p *pipe) Last(b []byte) { p.last = string(b) }

func (p *pipe) Close(linger bool) { p.closed = fmt.Sprintf("linger %v", linger) }

func (p *pipe) wrote() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.writes, " ")
}

// session runs test with a session on an empty topic; add appends n messages to it.
func session(t *testing.T, p *pipe, o transports.Options, test func(s *Session, srv *Server, add func(n int))) {
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New(memlog.Options{})
		srv := NewServer(log, o.WithDefaults(), false)
		s, err := srv.Open("t")
		if err != nil {
			t.Fatal(err)
		}
		s.Attach(p, words{})
		s.Subscribe(transports.Cursor{}, nil)
		s.Start()
		sent := 0
		test(s, srv, func(n int) {
			for range n {
				sent++
				if _, err := log.Append(t.Context(), "t", transports.Message{ID: fmt.Sprint(sent)}); err != nil {
					t.Error(err)
				}
			}
		})
		s.Done()
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestOneWriteTakesEverythingThatGathered(t *testing.T) {
	p := &pipe{takes: time.Second}
	session(t, p, transports.Options{}, func(s *Session, _ *Server, add func(int)) {
		add(1)
		synctest.Wait() // the first write is under way
		add(40)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := p.wrote(); got != "<1-1> <2-41>" {
			t.Errorf("written %q", got)
		}
	})
}

func TestWhatComesWhileItIsHeldGoesInOneWrite(t *testing.T) {
	p := &pipe{}
	session(t, p, transports.Options{}, func(s *Session, _ *Server, add func(int)) {
		synctest.Wait()
		release := s.Hold()
		add(1)
		add(1)
		synctest.Wait()
		if got := p.wrote(); got != "" {
			t.Errorf("written %q while held", got)
		}
		release()
		if got := p.wrote(); got != "<1-2>" {
			t.Errorf("written %q", got)
		}
	})
}

func TestIdleConnectionHearsHeartbeatsAlone(t *testing.T) {
	p := &pipe{}
	session(t, p, transports.Options{Heartbeat: 15 * time.Second}, func(s *Session, _ *Server, add func(int)) {
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if got := p.wrote(); strings.Trim(got, " <beat>") != "" || strings.Count(got, "<beat>") < 3 || strings.Count(got, "<beat>") > 4 {
			t.Errorf("in a minute: %q", got)
		}
	})
}

func TestPeerThatAnswersNothingIsGone(t *testing.T) {
	p := &pipe{}
	session(t, p, transports.Options{Heartbeat: 15 * time.Second}, func(s *Session, _ *Server, add func(int)) {
		s.Expect()
		time.Sleep(14 * time.Second)
		s.Heard()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := p.wrote(); strings.Contains(got, "bye") {
			t.Errorf("20 s after it was heard: %q", got)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := p.wrote(); !strings.HasSuffix(got, "<bye timeout>") || p.closed != "linger true" {
			t.Errorf("30 s after it was heard: %q, closed %q", got, p.closed)
		}
	})
}

func TestSlowConsumerIsTriedToBeTold(t *testing.T) {
	p := &pipe{limit: 3}
	session(t, p, transports.Options{}, func(s *Session, _ *Server, add func(int)) {
		add(1)
		synctest.Wait()
		if p.last != "1><bye slow_consumer>" || p.closed != "linger false" {
			t.Errorf("last %q, closed %q; want the rest of the write and the reason, and the end", p.last, p.closed)
		}
	})
}

func TestGapIsToldInItsPlace(t *testing.T) {
	p := &pipe{}
	session(t, p, transports.Options{}, func(s *Session, _ *Server, add func(int)) {
		add(2)
		synctest.Wait()
		s.Subscribe(transports.Cursor{Epoch: "other", Offset: 7}, []byte("<moved>"))
		synctest.Wait()
		if got := strings.ReplaceAll(p.wrote(), " <", "<"); got != "<1-2><moved><gap 1-2><1-2>" {
			t.Errorf("written %q", got)
		}
		s.Unsubscribe()
		synctest.Wait()
		add(1)
		synctest.Wait()
		if got := p.wrote(); !strings.HasSuffix(got, "<gap 1-2><1-2>") {
			t.Errorf("written %q after unsubscribing", got)
		}
	})
}

func TestShutdownTellsEveryoneAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(memlog.New(memlog.Options{}), transports.Options{}.WithDefaults(), false)
		pipes := make([]*pipe, 5)
		for i := range pipes {
			pipes[i] = &pipe{}
			s, err := srv.Open("t")
			if err != nil {
				t.Fatal(err)
			}
			s.Attach(pipes[i], words{})
			s.Subscribe(transports.Cursor{}, nil)
			s.Start()
			go func() { // ends as the connection's reader does, a second after the farewell
				for srv.Len() > 0 && pipes[i].wrote() == "" {
					time.Sleep(time.Second)
				}
				s.Done()
			}()
		}
		if err := srv.Shutdown(t.Context()); err != nil || srv.Len() != 0 {
			t.Errorf("Shutdown returned %v with %d sessions", err, srv.Len())
		}
		for i, p := range pipes {
			if p.wrote() != "<bye draining>" {
				t.Errorf("client %d was told %q", i, p.wrote())
			}
		}
		if _, err := srv.Open("t"); err != transports.ErrDraining {
			t.Errorf("Open behind Shutdown: %v", err)
		}
	})
}
