// Package push is the server's end of long-lived connections: sessions that are woken when their
// topic has news, write all of it at once, and otherwise cost no goroutine of their own.
package push

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/hub"
)

// Framing is what an arm writes. Each method adds bytes to dst.
type Framing interface {
	Batch(dst []byte, r hub.Run) []byte
	Gap(dst []byte, g *transports.GapError) []byte
	Heartbeat(dst []byte) []byte
	Bye(dst []byte, e *transports.Error) []byte // the last words before the connection ends
}

// A Writer is the connection below. Write is called by one goroutine at a time and fails with
// os.ErrDeadlineExceeded when the peer did not take it in the time that the Writer allows.
type Writer interface {
	Write(p []byte) (int, error)
	// Last tries, for a short time and after such a failure, to write what ends the connection.
	Last(p []byte)
	// Close ends the connection; linger asks for the peer to be given time to read what was written.
	Close(linger bool)
}

// flushBytes is the most that one write gathers.
const flushBytes = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// A Session is one connection. It is flushed by at most one goroutine at a time, once Start was called:
// whoever finds it idle when it is woken. While a flush is under way, more news only marks it dirty.
type Session struct {
	srv    *Server
	out    Writer
	frames Framing
	topic  string

	// Extra, when set before Start, adds what else is to be written: called in each flush, before
	// the batches. stated(epoch) is true when the client does not know that epoch yet.
	Extra func(dst []byte, stated func(epoch string) bool) []byte
	loop  chan struct{} // set: flushes run in the goroutine that serves the request

	state  atomic.Int32 // idle, running, dirty
	beat   atomic.Bool  // a heartbeat is due
	wrote  atomic.Int64 // Server.now at the last write
	heard  atomic.Int64 // Server.now when the peer was last heard; 0 if it has nothing to say
	expect atomic.Bool  // the peer answers heartbeats
	until  atomic.Int64 // Server.now when to end with rotate; 0 never
	rotate *transports.Error

	mu      sync.Mutex
	sub     *hub.Sub
	move    *transports.Cursor // subscribe there
	answer  []byte             // written when the move is made
	leave   bool
	bye     *transports.Error
	ended   bool
	epoch   string // the one the client knows; used in flush alone
	written bool   // bye was written
}

const (
	idle int32 = iota
	running
	dirty
)

// Subscribe moves the session to a cursor; confirm is written where the new position takes effect.
func (s *Session) Subscribe(after transports.Cursor, confirm []byte) {
	s.mu.Lock()
	s.move, s.answer, s.leave = &after, confirm, false
	s.mu.Unlock()
	s.Wake()
}

// Unsubscribe stops the batches.
func (s *Session) Unsubscribe() {
	s.mu.Lock()
	s.move, s.leave = nil, true
	s.mu.Unlock()
	s.Wake()
}

// Attach gives the session its connection and how to write on it.
func (s *Session) Attach(out Writer, f Framing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out, s.frames = out, f
	if s.ended {
		out.Close(false)
	}
}

// Start lets the session be flushed; what was asked of it before is done now.
func (s *Session) Start() {
	if s.state.CompareAndSwap(running, idle) {
		return
	}
	s.state.Store(running)
	s.launch()
}

// Wake has the session flushed soon. It does not block.
func (s *Session) Wake() {
	if s.claim() {
		s.launch()
	}
}

// launch flushes for who has claimed the session.
func (s *Session) launch() {
	if s.loop != nil {
		s.loop <- struct{}{} // has room: only who claimed the session sends
		return
	}
	s.srv.wg.Add(1)
	go s.run() // ends when there is nothing to write
}

// Hold keeps others from flushing until Release, unless one is at it: for who is about to cause news and
// to write anyway. release flushes in the caller's goroutine, all in one write.
func (s *Session) Hold() (release func()) {
	if s.loop != nil || !s.claim() {
		return s.Wake
	}
	return s.runNow
}

func (s *Session) runNow() {
	s.srv.wg.Add(1)
	s.run()
}

// claim makes the caller the one who flushes; false when somebody is, who is told to look again.
func (s *Session) claim() bool {
	for {
		switch s.state.Load() {
		case idle:
			if s.state.CompareAndSwap(idle, running) {
				return true
			}
		case running:
			if s.state.CompareAndSwap(running, dirty) {
				return false
			}
		default:
			return false
		}
	}
}

// run flushes until nothing is left. It yields after each write, so that sessions take turns and
// each finds more messages gathered at its next one.
func (s *Session) run() {
	defer s.srv.wg.Done()
	for {
		s.state.Store(running) // what made it dirty until now will be seen
		more := s.flush()
		if !more && s.state.CompareAndSwap(running, idle) {
			return
		}
		runtime.Gosched()
	}
}

// flush writes what there is in one go. more: there may be more already.
func (s *Session) flush() (more bool) {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= 4*flushBytes {
			*buf = (*buf)[:0]
			buffers.Put(buf)
		}
	}()
	dst, bye, ended := s.prepare((*buf)[:0])
	if ended {
		return false
	}
	dst, more = s.batches(dst)
	if len(dst) == 0 && s.beat.Swap(false) {
		dst = s.frames.Heartbeat(dst)
	}
	if bye != nil {
		dst = s.frames.Bye(dst, bye)
		more = false
	}
	*buf = dst
	if len(dst) > 0 {
		if n, err := s.out.Write(dst); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				s.out.Last(s.frames.Bye(dst[n:], transports.ErrSlowConsumer))
			}
			s.End()
			return false
		}
		s.wrote.Store(s.srv.now.Load())
	}
	if bye != nil {
		s.mu.Lock()
		s.written = true
		s.mu.Unlock()
		s.end(true)
	}
	return more
}

// prepare takes up what was asked of the session since the last flush.
func (s *Session) prepare(dst []byte) (_ []byte, bye *transports.Error, ended bool) {
	if s.Extra != nil {
		dst = s.Extra(dst, s.stated)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if (s.leave || s.move != nil) && s.sub != nil {
		s.sub.Close()
		s.sub = nil
	}
	if s.move != nil && !s.ended {
		s.sub = s.srv.hub.Subscribe(s.topic, *s.move, s.Wake)
		s.stated(s.move.Epoch)
		dst = append(dst, s.answer...)
		s.move, s.answer = nil, nil
	}
	bye = s.bye
	if s.written {
		bye = nil
	}
	return dst, bye, s.ended
}

// stated notes that the client is told the epoch, and returns whether it is news.
func (s *Session) stated(epoch string) bool {
	news := s.epoch != epoch
	s.epoch = epoch
	return news
}

func (s *Session) batches(dst []byte) (_ []byte, more bool) {
	s.mu.Lock()
	sub := s.sub
	s.mu.Unlock()
	if sub == nil {
		return dst, false
	}
	for len(dst) < flushBytes {
		r, ok, err := sub.Next(s.srv.ctx)
		var gap *transports.GapError
		switch {
		case errors.As(err, &gap):
			s.stated(gap.Epoch)
			dst = s.frames.Gap(dst, gap)
		case err != nil || !ok:
			return dst, false // the topic's follower wakes us when the store is back
		default:
			if !s.stated(r.Epoch) {
				r.Epoch = ""
			}
			dst = s.frames.Batch(dst, r)
		}
	}
	return dst, true
}

// Bye ends the session with e, after everything that is due has been written.
func (s *Session) Bye(e *transports.Error) {
	s.mu.Lock()
	if s.bye == nil {
		s.bye = e
	}
	s.mu.Unlock()
	s.Wake()
}

// End ends the session at once, without a word: the connection is gone.
func (s *Session) End() { s.end(false) }

func (s *Session) end(linger bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if s.out != nil {
		s.out.Close(linger)
	}
}

// Expect makes the session one whose peer answers heartbeats, and is gone when it does not.
func (s *Session) Expect() { s.expect.Store(true); s.Heard() }

// Heard notes that the peer is alive.
func (s *Session) Heard() { s.heard.Store(s.srv.now.Load()) }

// Rotate ends the session with e after the time. To be called before Subscribe.
func (s *Session) Rotate(after time.Duration, e *transports.Error) {
	s.rotate = e
	s.until.Store(s.srv.now.Load() + int64(after))
}

// tick is called by the server's clock.
func (s *Session) tick(now int64, heartbeat, patience time.Duration) {
	if s.expect.Load() && time.Duration(now-s.heard.Load()) > heartbeat+patience {
		s.Bye(transports.ErrTimeout)
		return
	}
	if until := s.until.Load(); until > 0 && now > until {
		s.Bye(s.rotate)
		return
	}
	if time.Duration(now-s.wrote.Load()) >= heartbeat {
		s.beat.Store(true)
		s.Wake()
	}
}
