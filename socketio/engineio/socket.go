package engineio

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

type state uint8

const (
	stateOpen    state = iota
	stateClosing       // what is queued goes out, nothing comes in
	stateClosed
)

// A Socket is one session. Its methods may be called concurrently and never wait for the client. It ends when the client
// goes or falls silent, or by Close; then Handler.Closed is called.
type Socket struct {
	server  *Server
	id      string
	request *http.Request
	began   string   // transport of the handshake
	old     *dialect // of the polling transport; nil: the client speaks version 4
	handler Handler

	receiving sync.Mutex // held while Handler.Message runs

	mu       sync.Mutex
	state    state
	ending   Reason     // with stateClosing: what Closed will be told
	queue    []*Message // waiting to be sent, in order
	spare    []*Message // an empty queue to swap with, kept while it is small
	queued   int        // bytes of queue and of what is being written
	flushing bool       // a goroutine writes to ws
	ws       *wsConn    // nil: the session polls
	poll     *parkedPoll
	posting  bool // a POST is being read
	upgrade  *upgrade
	beat     heartbeat
	messages meter
	busy     bool          // Handler.Message is running
	crossing bool          // the session has ended and its last poll may be on its way
	sent     chan struct{} // if not nil, closed when less is queued
}

// newSocket makes a session that nobody knows yet.
func (s *Server) newSocket(r *http.Request, transport string) (*Socket, *refusal) {
	id, err := s.opts.GenerateID(r)
	if err != nil || !validID(id) {
		return nil, &refusal{code: CodeBadRequest, cause: fmt.Sprintf("GenerateID: error %v, id of %d bytes", err, len(id))}
	}
	// Without the context, which would keep the whole HTTP connection alive.
	sock := &Socket{server: s, id: id, began: transport, old: parseQuery(r).dialect(), request: r.WithContext(context.Background())}
	return sock, nil
}

func (s *Socket) version() string {
	if s.old != nil {
		return oldVersion
	}
	return protocolVersion
}

// Protocol returns the version of the protocol that the client speaks, 4 or, with Options.AllowEIO3, 3.
func (s *Socket) Protocol() int { return int(s.version()[0] - '0') }

// validID keeps ids out of trouble in URLs, cookies and logs.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// open shows a new session to the user, makes it known and starts its heartbeat. It reports whether that went well; if not,
// the session has ended.
func (s *Server) open(sock *Socket) bool {
	if !s.reserve() {
		return false
	}
	if o := s.observer.Load(); o != nil {
		o.Opened(sock)
	}
	sock.handler = s.connect(sock)
	if s.opts.InitialPacket != nil {
		_ = sock.Send(s.opts.InitialPacket) // fails only on a session that has ended
	}
	if !s.register(sock) {
		sock.abort(ReasonShutdown, ErrServerClosed)
		return false
	}
	sock.mu.Lock()
	state := sock.state
	if state == stateOpen {
		sock.beat.start(sock)
	}
	sock.mu.Unlock()
	if state == stateClosed { // by connect, before it was registered
		s.forget(sock)
		return false
	}
	if h, ok := sock.handler.(Starter); ok {
		h.Started()
	}
	return true
}

// ID returns the session's id, a secret between client and server: who knows it can read and write the session.
func (s *Socket) ID() string { return s.id }

// Request returns the request of the handshake, without its context and body.
func (s *Socket) Request() *http.Request { return s.request }

// RemoteAddr returns the address of the peer at the handshake.
func (s *Socket) RemoteAddr() net.Addr { return address(s.request.RemoteAddr) }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// Transport returns "polling" or "websocket".
func (s *Socket) Transport() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws != nil {
		return websocketName
	}
	return pollingName
}

// Upgraded reports whether the session began on another transport than it has.
func (s *Socket) Upgraded() bool { return s.Transport() != s.began }

// Writable reports whether a message would leave at once: nothing waits, and on polling a poll is there to carry it.
func (s *Socket) Writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == stateOpen && len(s.queue) == 0 && (s.ws != nil && !s.flushing || s.poll != nil)
}

// Buffered returns the number of bytes that wait to be sent.
func (s *Socket) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued
}

// Drain waits until at most limit bytes wait to be sent: who has much to send waits between its parts, so that a client gets
// them as fast as it reads. It fails with ErrClosed, or when ctx ends.
func (s *Socket) Drain(ctx context.Context, limit int) error {
	for {
		s.mu.Lock()
		if s.state == stateClosed {
			s.mu.Unlock()
			return ErrClosed
		}
		if s.queued <= limit {
			s.mu.Unlock()
			return nil
		}
		if s.sent == nil {
			s.sent = make(chan struct{})
		}
		sent := s.sent
		s.mu.Unlock()
		select {
		case <-sent:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// dequeued notes that n bytes have been sent, or given up. s.mu is held.
func (s *Socket) dequeued(n int) {
	s.queued -= n
	if s.sent != nil {
		close(s.sent)
		s.sent = nil
	}
}

// Send queues messages, one after the other with nothing between them. It fails with ErrClosed, and with ErrSlowConsumer
// when too much waits already: then the session ends.
func (s *Socket) Send(messages ...*Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enqueue(messages); err != nil {
		return err
	}
	s.startFlush()
	return nil
}

// SendNow does as Send, and writes to a WebSocket in the calling goroutine if no other is writing. It may wait for as long
// as Options.WriteTimeout.
func (s *Socket) SendNow(messages ...*Message) error {
	s.mu.Lock()
	if err := s.enqueue(messages); err != nil {
		s.mu.Unlock()
		return err
	}
	if s.ws == nil || s.flushing {
		s.startFlush()
		s.mu.Unlock()
		return nil
	}
	s.flushing = true
	s.server.work.Add(1)
	s.mu.Unlock()
	if s.flushOnce() {
		go s.flush() // ends as in startFlush; others keep sending, and the caller has something else to do
	}
	return nil
}

func (s *Socket) enqueue(messages []*Message) error {
	if s.state != stateOpen {
		return ErrClosed
	}
	if s.queued >= s.server.opts.WriteBuffer {
		s.state, s.ending = stateClosing, ReasonSlowConsumer
		s.server.work.Go(func() { s.abort(ReasonSlowConsumer, ErrSlowConsumer) }) // ends at once
		return ErrSlowConsumer
	}
	for _, m := range messages {
		s.queued += m.Size()
	}
	if o := s.server.observer.Load(); o != nil {
		for _, m := range messages {
			o.Sent(m.dataSize())
		}
	}
	s.queue = append(s.queue, messages...)
	return nil
}

// startFlush sees to it that what is queued gets written. s.mu is held.
func (s *Socket) startFlush() {
	switch {
	case s.ws != nil:
		if !s.flushing {
			s.flushing = true
			s.server.work.Add(1)
			go s.flush() // ends when the queue is empty or the connection fails, which WriteTimeout sees to
		}
	case s.poll != nil:
		s.poll.release(nil)
		s.poll = nil
	}
}

// flush writes to the WebSocket until nothing is queued: whatever gathers during one write goes out with the next.
func (s *Socket) flush() {
	for s.flushOnce() {
	}
}

// flushOnce writes what is queued and reports whether there may be more. If there is not, the flush is over and its count in
// work given back; a closing session then says goodbye.
func (s *Socket) flushOnce() (more bool) {
	s.mu.Lock()
	batch, ws := s.queue, s.ws
	s.queue, s.spare = s.spare, nil
	s.mu.Unlock()

	size, err := 0, error(nil)
	if len(batch) > 0 {
		size, err = ws.writeBatch(batch)
		clear(batch)
	}
	if err != nil {
		s.abort(writeReason(err), err)
	}
	s.mu.Lock()
	s.dequeued(size)
	if cap(batch) <= 64 && s.spare == nil {
		s.spare = batch[:0]
	}
	if len(s.queue) > 0 && s.state != stateClosed {
		s.mu.Unlock()
		return true
	}
	s.flushing = false
	closing, reason := s.state == stateClosing, s.ending
	s.mu.Unlock()
	if closing {
		s.finish(reason, nil)
		ws.goodbye(closeCode(reason), string(reason))
	}
	s.server.work.Done()
	return false
}

// receive handles a packet of the client. An error means that the packet breaks the protocol.
func (s *Socket) receive(p Packet) error {
	s.mu.Lock()
	if s.state != stateOpen {
		s.mu.Unlock()
		return nil
	}
	s.beat.seen(p.Type, s)
	if s.old != nil && (p.Type == Ping || p.Type == Pong) {
		defer s.mu.Unlock()
		return s.oldHeartbeat(p.Type)
	}
	s.busy = p.Type == MessagePacket
	tooMany := s.busy && s.tooMany()
	s.mu.Unlock()
	if tooMany {
		s.end(ReasonRateLimit, ErrTooManyMessages)
		return nil
	}
	switch p.Type {
	case Pong, Noop:
		return nil
	case Close:
		s.end(ReasonTransportClose, nil)
		return nil
	case MessagePacket:
		if o := s.server.observer.Load(); o != nil {
			o.Received(len(p.Data))
		}
		defer func() {
			s.mu.Lock()
			s.busy = false
			s.mu.Unlock()
		}()
		return s.deliver(p)
	}
	return fmt.Errorf("%w: a client does not send packet type %d here", ErrMalformed, p.Type)
}

// deliver gives a message to the handler. A panic there ends the session and not the process.
func (s *Socket) deliver(p Packet) (err error) {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	defer func() {
		if v := recover(); v != nil {
			s.server.opts.Logger.Error("engineio: message handler panicked", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("message handler panicked: %v", v)
		}
	}()
	return s.handler.Message(p.Data, p.Binary)
}

// closeGrace is how long a polling client that is told to go may take to come and hear it.
const closeGrace = 30 * time.Second
