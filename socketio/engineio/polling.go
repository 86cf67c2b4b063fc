package engineio

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// A parkedPoll is a GET that waits for something to send. It is guarded by the session's lock.
type parkedPoll struct {
	released chan struct{}
	last     *Message // if not nil, the answer instead of the queue
	late     bool     // the session has left polling: the poll is refused
}

// release lets the GET answer. The caller takes the poll from the session.
func (p *parkedPoll) release(last *Message) {
	p.last = last
	close(p.released)
}

// openPolling answers a handshake over polling.
func (s *Server) openPolling(w http.ResponseWriter, r *http.Request) {
	sock, refused := s.newSocket(r, pollingName)
	if refused == nil && !s.open(sock) {
		refused = &refusal{code: CodeBadRequest, cause: "session id is taken, or the server is closed"}
	}
	if refused != nil {
		s.refuse(w, r, false, refused)
		return
	}
	if s.opts.Cookie != nil {
		http.SetCookie(w, sessionCookie(*s.opts.Cookie, sock.id))
	}
	if s.opts.InitialHeaders != nil {
		s.opts.InitialHeaders(w.Header(), r)
	}
	s.answerPoll(w, r, sock, sock.payload(s.openMessage(sock.id, pollingName)), false)
}

func sessionCookie(c http.Cookie, id string) *http.Cookie {
	if c.Name == "" {
		c.Name = "io"
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	c.Value, c.HttpOnly = id, true
	return &c
}

// servePoll answers a GET with everything queued, or waits for something to be.
func (s *Server) servePoll(w http.ResponseWriter, r *http.Request, sock *Socket) {
	payload, compress, parked, refused := sock.take()
	if refused != nil {
		s.refuseSession(w, r, sock, refused)
		return
	}
	if parked != nil {
		s.extendWrite(w, r)
		select {
		case <-parked.released:
			if parked.late {
				s.refuse(w, r, false, &refusal{code: CodeBadRequest, cause: "session was upgraded"})
				return
			}
			payload, compress = sock.resume(parked)
		case <-r.Context().Done():
			if sock.unpark(parked) {
				sock.abort(ReasonTransportError, errors.New("poll was aborted by the client"))
			}
			return
		}
	}
	if err := s.answerPoll(w, r, sock, payload, compress); err != nil {
		sock.abort(ReasonTransportError, err)
	}
}

// take returns what is queued as a payload, or parks a poll.
func (s *Socket) take() (payload []byte, compress bool, parked *parkedPoll, refused *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.crossing:
		s.crossing = false
		s.server.forget(s)
		return s.payload(s.server.noop), false, nil, nil
	case s.state == stateClosed:
		return nil, false, nil, &refusal{code: CodeUnknownSession, cause: "session has just ended"}
	case s.ws != nil:
		return nil, false, nil, &refusal{code: CodeBadRequest, cause: "session was upgraded"}
	case s.poll != nil:
		return nil, false, nil, &refusal{code: CodeBadRequest, cause: "second poll at the same time", ends: true}
	case len(s.queue) == 0 && s.state == stateOpen:
		s.poll = &parkedPoll{released: make(chan struct{})}
		return nil, false, s.poll, nil
	}
	payload, compress = s.drainQueue()
	return payload, compress, nil, nil
}

// drainQueue encodes and empties the queue; s.mu is held. A session that is closing ends with it.
func (s *Socket) drainQueue() (payload []byte, compress bool) {
	messages := s.queue
	if s.state == stateClosing {
		messages = append(messages, s.server.closing)
		reason := s.ending
		s.server.work.Go(func() { s.finish(reason, nil) }) // ends at once
	}
	for _, m := range messages {
		compress = compress || !m.plain
	}
	payload = s.payload(messages...)
	clear(messages)
	s.queue = s.queue[:0]
	s.dequeued(s.queued)
	if cap(s.queue) > 64 {
		s.queue = nil
	}
	return payload, compress
}

// payload encodes messages for the client.
func (s *Socket) payload(messages ...*Message) []byte {
	size := 2
	for _, m := range messages {
		size += len(m.frame) + 12
		if m.binary {
			size += len(m.frame)/3 + 4
		}
	}
	dst := make([]byte, 0, size)
	if s.old != nil {
		return s.old.appendPayload(dst, messages)
	}
	for i, m := range messages {
		if i > 0 {
			dst = append(dst, Separator)
		}
		dst = m.appendPolling(dst)
	}
	return dst
}

// resume returns the answer of a released poll.
func (s *Socket) resume(p *parkedPoll) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.last != nil {
		return s.payload(p.last), false
	}
	if len(s.queue) == 0 && s.state != stateClosing { // the session ended, or another poll was faster
		return s.payload(s.server.noop), false
	}
	return s.drainQueue()
}

// unpark takes back a poll whose client has gone. It reports whether the poll was still parked.
func (s *Socket) unpark(p *parkedPoll) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poll != p {
		return false
	}
	s.poll = nil
	return true
}

// commonHeaders sets what every answer of a session has.
func (s *Server) commonHeaders(h http.Header, r *http.Request) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if s.opts.Headers != nil {
		s.opts.Headers(h, r)
	}
}

// extendWrite keeps http.Server.WriteTimeout from cutting a poll that waits.
func (s *Server) extendWrite(w http.ResponseWriter, r *http.Request) {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout > 0 {
		longest := s.opts.PingInterval + s.opts.PingTimeout + closeGrace + s.opts.WriteTimeout
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longest)) // a writer without deadlines needs none
	}
}

// binaryContent is the type of payloads that are not text.
const binaryContent = "application/octet-stream"

// answerPoll writes a payload.
func (s *Server) answerPoll(w http.ResponseWriter, r *http.Request, sock *Socket, payload []byte, compress bool) error {
	h := w.Header()
	s.commonHeaders(h, r)
	switch {
	case sock.old != nil && sock.old.jsonp != "":
		payload = sock.old.script(payload)
		h.Set("Content-Type", "text/javascript; charset=UTF-8")
	case sock.old != nil && isBinaryPayload(payload):
		h.Set("Content-Type", binaryContent)
	default:
		h.Set("Content-Type", "text/plain; charset=UTF-8")
	}
	if compress && s.opts.CompressionThreshold > 0 && len(payload) >= s.opts.CompressionThreshold {
		if encoding := chooseEncoding(r.Header["Accept-Encoding"]); encoding != "" {
			return s.writeBounded(w, len(payload), func() error { return writeCompressed(w, encoding, payload) })
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(payload)))
	return s.writeBounded(w, len(payload), func() error {
		_, err := w.Write(payload)
		return err
	})
}

// writeBounded writes and flushes an answer of about n bytes within the time that Options.WriteTimeout gives it, and leaves
// no deadline behind for the next request of the connection.
func (s *Server) writeBounded(w http.ResponseWriter, n int, write func() error) error {
	rc := http.NewResponseController(w)
	limit := s.opts.WriteTimeout * time.Duration(1+n/writeChunk)
	if rc.SetWriteDeadline(time.Now().Add(limit)) == nil {
		defer func() { _ = rc.SetWriteDeadline(time.Time{}) }() // it worked before
	}
	if err := write(); err != nil {
		return err
	}
	if err := rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
