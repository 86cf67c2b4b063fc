package engineio

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// servePost takes a payload from the client.
func (s *Server) servePost(w http.ResponseWriter, r *http.Request, sock *Socket) {
	isBinary := strings.HasPrefix(r.Header.Get("Content-Type"), binaryContent)
	if isBinary && sock.old == nil {
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
	for p, err := range sock.old.decodePosted(body, isBinary) {
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
