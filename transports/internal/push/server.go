package push

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/hub"
)

// Patience is how long after a heartbeat an answer may take before the peer counts as gone.
const Patience = 10 * time.Second

// A Server holds an arm's sessions: it keeps their heartbeats and ends them together.
type Server struct {
	hub *hub.Hub
	o   transports.Options
	now atomic.Int64 // coarse clock of all sessions, nanoseconds since start; 1 at least

	ctx      context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup // sessions, flushes, the clock
	mu       sync.Mutex
	sessions map[*Session]struct{}
	ticking  bool
	draining bool
}

// NewServer returns a Server over log. raw: see hub.New.
func NewServer(log transports.Log, o transports.Options, raw bool) *Server {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{hub: hub.New(log, o.Batch, raw), o: o, ctx: ctx, stop: stop, sessions: map[*Session]struct{}{}}
	s.now.Store(1)
	return s
}

// clock runs from the first session until Shutdown.
func (s *Server) clock() {
	defer s.wg.Done()
	start := time.Now()
	t := time.NewTicker(max(min(s.o.Heartbeat/8, time.Second), time.Millisecond))
	defer t.Stop()
	var batch []*Session
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
		now := int64(time.Since(start)) + 1
		s.now.Store(now)
		batch = batch[:0]
		s.mu.Lock()
		for x := range s.sessions {
			batch = append(batch, x)
		}
		s.mu.Unlock()
		for _, x := range batch {
			x.tick(now, s.o.Heartbeat, Patience)
		}
		clear(batch)
	}
}

// Open begins a session on a topic, before the client is told that it has one. The caller sets it up,
// calls Attach and Start, reads the connection (or calls Loop), and calls Done when that has ended; or
// calls Done at once.
func (s *Server) Open(topic string) (*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, transports.ErrDraining
	}
	x := &Session{srv: s, topic: topic}
	x.state.Store(running) // until Start
	x.wrote.Store(s.now.Load())
	if !s.ticking {
		s.ticking = true
		s.wg.Add(1)
		go s.clock() // ends with Shutdown
	}
	s.sessions[x] = struct{}{}
	s.wg.Add(1)
	return x, nil
}

// Loop flushes the session in the calling goroutine until it ends or ctx does: for connections that
// are written through an http.ResponseWriter, which belongs to the handler's goroutine.
func (s *Session) Loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			s.End()
			return
		case <-s.loop:
			s.srv.wg.Add(1)
			s.run()
		}
		s.mu.Lock()
		ended := s.ended
		s.mu.Unlock()
		if ended {
			return
		}
	}
}

// InLoop makes the session one for Loop; to be called before anything else.
func (s *Session) InLoop() { s.loop = make(chan struct{}, 1) }

// Done ends the session and forgets it.
func (s *Session) Done() {
	s.End()
	s.srv.mu.Lock()
	delete(s.srv.sessions, s)
	s.srv.mu.Unlock()
	s.mu.Lock()
	if s.sub != nil {
		s.sub.Close()
		s.sub = nil
	}
	s.mu.Unlock()
	s.srv.wg.Done()
}

// Len is the number of open sessions.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Shutdown tells every client that the node goes away and waits until all have gone.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	for x := range s.sessions {
		x.Bye(transports.ErrDraining)
	}
	s.mu.Unlock()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var err error
	for s.Len() > 0 {
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		for x := range s.sessions {
			x.End()
		}
		s.mu.Unlock()
		ctx = context.Background()
	}
	s.stop()
	s.hub.Close()
	s.wg.Wait()
	return err
}
