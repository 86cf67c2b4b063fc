package engineio

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A parkedPoll is a GET that waits for something to send. It is guarded by the session's lock.
type parkedPoll struct {
	released chan struct{}
	last     *Message // if not nil, the answer instead of the queue
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
	s.answerPoll(w, r, s.openMessage(sock.id, pollingName).appendPolling(nil), false)
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
			payload, compress = sock.resume(parked)
		case <-r.Context().Done():
			if sock.unpark(parked) {
				sock.abort(ReasonTransportError, errors.New("poll was aborted by the client"))
			}
			return
		}
	}
	if err := s.answerPoll(w, r, payload, compress); err != nil {
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
		return s.server.noop.appendPolling(nil), false, nil, nil
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
	size := 2
	for _, m := range s.queue {
		size += len(m.frame) + 1
		if m.binary {
			size += len(m.frame)/3 + 4
		}
	}
	payload = make([]byte, 0, size)
	messages := s.queue
	if s.state == stateClosing {
		messages = append(messages, s.server.closing)
		reason := s.ending
		s.server.work.Go(func() { s.finish(reason, nil) }) // ends at once
	}
	for i, m := range messages {
		if i > 0 {
			payload = append(payload, Separator)
		}
		payload = m.appendPolling(payload)
		compress = compress || !m.plain
	}
	clear(messages)
	s.queue = s.queue[:0]
	s.dequeued(s.queued)
	if cap(s.queue) > 64 {
		s.queue = nil
	}
	return payload, compress
}

// resume returns the answer of a released poll.
func (s *Socket) resume(p *parkedPoll) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.last != nil {
		return p.last.appendPolling(nil), false
	}
	if len(s.queue) == 0 && s.state != stateClosing { // the session ended, or another poll was faster
		return s.server.noop.appendPolling(nil), false
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

// servePost takes a payload from the client.
func (s *Server) servePost(w http.ResponseWriter, r *http.Request, sock *Socket) {
	if contentType := r.Header.Get("Content-Type"); strings.HasPrefix(contentType, "application/octet-stream") {
		s.refuseSession(w, r, sock, &refusal{code: CodeBadRequest, cause: "content type of protocol version 3", ends: true})
		return
	}
	if !sock.claimPost() {
		s.refuseSession(w, r, sock, &refusal{code: CodeBadRequest, cause: "second POST at the same time", ends: true})
		return
	}
	defer sock.releasePost()
	body, err := s.readBody(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.refuse(w, r, false, &refusal{code: CodeBadRequest, cause: "body is too large", message: ErrPayloadTooLarge.Error(),
			status: http.StatusRequestEntityTooLarge})
		return
	case err != nil:
		s.refuseSession(w, r, sock, &refusal{code: CodeBadRequest, cause: "body did not arrive", ends: true})
		return
	}
	for p, err := range DecodePayload(body) {
		if err == nil {
			err = sock.receive(p)
		}
		if err != nil {
			sock.end(ReasonParseError, err)
			s.refuse(w, r, false, &refusal{code: CodeBadRequest, cause: err.Error()})
			return
		}
	}
	h := w.Header()
	s.commonHeaders(h, r)
	h.Set("Content-Type", "text/html") // text/plain makes some old browsers offer a download
	h.Set("Content-Length", "2")
	_, _ = io.WriteString(w, "ok") // the client may be gone
}

// refuseSession refuses a request of a session, which may cost the session its life.
func (s *Server) refuseSession(w http.ResponseWriter, r *http.Request, sock *Socket, why *refusal) {
	if why.ends {
		sock.end(ReasonTransportError, errors.New(why.cause))
	}
	s.refuse(w, r, false, why)
}

func (s *Socket) claimPost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.posting {
		return false
	}
	s.posting = true
	return true
}

func (s *Socket) releasePost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posting = false
}

// trustedLength is how many bytes are allocated for a body because its header says so.
const trustedLength = 16 << 10

// readBody reads a body of at most MaxPayload bytes within MessageTimeout.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := s.opts.MaxPayload
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	rc := http.NewResponseController(w)
	if rc.SetReadDeadline(time.Now().Add(s.opts.MessageTimeout)) == nil {
		defer func() { _ = rc.SetReadDeadline(time.Time{}) }() // it worked before
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	if r.ContentLength < 0 || r.ContentLength > trustedLength {
		return io.ReadAll(body) // memory follows what has arrived, not what was announced
	}
	data := make([]byte, r.ContentLength)
	_, err := io.ReadFull(body, data)
	return data, err
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

// answerPoll writes a payload.
func (s *Server) answerPoll(w http.ResponseWriter, r *http.Request, payload []byte, compress bool) error {
	h := w.Header()
	s.commonHeaders(h, r)
	h.Set("Content-Type", "text/plain; charset=UTF-8")
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
