package engineio

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pollingName   = "polling"
	websocketName = "websocket"
)

// A Handler receives what one session brings.
type Handler interface {
	// Message is called for each message, in order, one at a time. It keeps data. While it runs the session reads nothing
	// more, which slows the client down. An error means that the message was malformed, and closes the session with
	// ReasonParseError.
	Message(data []byte, binary bool) error
	// Closed is called once, when the session has ended, from a goroutine of its own; a Message may still be running.
	Closed(reason Reason, err error)
}

// A Starter is a Handler that wants to know when its session has begun.
type Starter interface {
	// Started is called once, before the first Message. It must return at once and may send.
	Started()
}

// A Server is an http.Handler that serves Engine.IO sessions on every path that reaches it. Close or Drain must be called
// at the end; both wait for everything the server has started.
type Server struct {
	opts    Options
	connect func(*Socket) Handler
	began   time.Time

	mu       sync.Mutex
	sessions map[string]*Socket
	closed   bool
	work     sync.WaitGroup // every goroutine of the server, and every session
	pings    *Message
	pongs    *Message
	noop     *Message
	closing  *Message
	pools    pools
	bursts   bursts

	addresses *addressMeter            // nil: no limit
	observer  atomic.Pointer[Observer] // nil: nobody
}

// NewServer returns a server that calls connect for each new session, before the client learns of it. connect must return
// at once and may send.
func NewServer(o Options, connect func(*Socket) Handler) *Server {
	s := &Server{
		opts: o.withDefaults(), connect: connect, began: time.Now(), sessions: map[string]*Socket{},
		pings: newControl(Ping, ""), pongs: newControl(Pong, ""), noop: newControl(Noop, ""), closing: newControl(Close, ""),
	}
	if o.AddressRate > 0 {
		s.addresses = newAddressMeter(o.AddressRate)
	}
	return s
}

// Sessions returns the number of sessions.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

func (s *Server) offers(transport string) bool { return slices.Contains(s.opts.Transports, transport) }

func (s *Server) session(id string) *Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

// reserve counts a session that is about to be, so that Close waits for it. Its end gives the count back.
func (s *Server) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Add(1)
	}
	return !s.closed
}

// register makes a session known to later requests. It fails when the server is closed or the id is taken.
func (s *Server) register(sock *Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.sessions[sock.id] != nil {
		return false
	}
	s.sessions[sock.id] = sock
	return true
}

// forget makes a session unknown to later requests.
func (s *Server) forget(sock *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[sock.id] == sock {
		delete(s.sessions, sock.id)
	}
}

func (s *Server) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || len(s.sessions) >= s.opts.MaxSessions
}

// stop refuses new sessions and returns those there are.
func (s *Server) stop() []*Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	list := make([]*Socket, 0, len(s.sessions))
	for _, sock := range s.sessions {
		list = append(list, sock)
	}
	return list
}

// Drain refuses new sessions, tells every client that its session ends, over as long as spread so that they do not all come
// back at once, and waits until all is written and every goroutine has ended. When ctx ends first it cuts what is left and
// returns ctx's error.
func (s *Server) Drain(ctx context.Context, spread time.Duration) error {
	list := s.stop()
	defer s.bursts.stop()
	done := make(chan struct{})
	go func() { // ends when every session has, at the latest after the cut below
		s.work.Wait()
		close(done)
	}()
	pause := time.Duration(0)
	if len(list) > 0 {
		pause = spread / time.Duration(len(list))
	}
	for i, sock := range list {
		if ctx.Err() != nil {
			break
		}
		sock.shutdown()
		if pause > 0 && i < len(list)-1 {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		for _, sock := range list {
			sock.abort(ReasonShutdown, ErrServerClosed)
		}
		<-done
		return ctx.Err()
	}
}

// Close ends every session at once and waits for every goroutine.
func (s *Server) Close() {
	for _, sock := range s.stop() {
		sock.abort(ReasonShutdown, ErrServerClosed)
	}
	s.work.Wait()
	s.bursts.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions) // those that waited for a crossing poll
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrade := isUpgrade(r)
	if s.opts.CORS != nil && !upgrade && s.opts.CORS.Answer(w, r) {
		return
	}
	sock, refused := s.verify(r, upgrade)
	if refused != nil {
		s.refuse(w, r, upgrade, refused)
		return
	}
	switch {
	case upgrade:
		s.serveWebSocket(w, r, sock)
	case sock == nil:
		s.openPolling(w, r)
	case r.Method == http.MethodGet:
		s.servePoll(w, r, sock)
	case r.Method == http.MethodPost:
		s.servePost(w, r, sock)
	default:
		s.refuse(w, r, false, &refusal{code: CodeBadMethod, cause: "method is neither GET nor POST"})
	}
}
