package engineio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A refusal is the answer to a request that is not served.
type refusal struct {
	code    Code
	cause   string // for Options.Refused, not for the client
	message string // "" is the code's own
	status  int    // 0 is the code's own
	ends    bool   // the session that the request belongs to
}

func isUpgrade(r *http.Request) bool {
	for _, v := range r.Header["Upgrade"] {
		if strings.EqualFold(strings.TrimSpace(v), "websocket") {
			return true
		}
	}
	return false
}

// A query holds the parameters of a request that mean something here.
type query struct{ transport, sid, version, base64, jsonp string }

func parseQuery(r *http.Request) query {
	values, _ := url.ParseQuery(r.URL.RawQuery) // what is malformed is absent
	last := func(name string) string {
		if list := values[name]; len(list) > 0 {
			return list[len(list)-1]
		}
		return ""
	}
	return query{transport: last("transport"), sid: last("sid"), version: last("EIO"), base64: last("b64"), jsonp: last("j")}
}

const protocolVersion = "4"

// verify decides about a request in the order of the official server. It returns the session it belongs to, or nil for a
// handshake.
func (s *Server) verify(r *http.Request, upgrade bool) (*Socket, *refusal) {
	q := parseQuery(r)
	if !s.offers(q.transport) {
		return nil, &refusal{code: CodeUnknownTransport, cause: "transport is unknown"}
	}
	if !validOrigin(r.Header["Origin"]) {
		return nil, &refusal{code: CodeBadRequest, cause: "Origin header is malformed"}
	}
	if s.opts.CheckOrigin != nil && !s.opts.CheckOrigin(r) {
		return nil, &refusal{code: CodeForbidden, cause: "origin is refused"}
	}
	if upgrade && q.transport != websocketName {
		return nil, &refusal{code: CodeBadRequest, cause: "transport cannot be upgraded to"}
	}
	if q.sid != "" {
		return s.verifySession(r, q, upgrade)
	}
	if r.Method != http.MethodGet {
		return nil, &refusal{code: CodeBadMethod, cause: "handshake is no GET"}
	}
	if q.transport == websocketName && !upgrade {
		return nil, &refusal{code: CodeBadRequest, cause: "websocket without an upgrade"}
	}
	if s.full() {
		return nil, &refusal{code: CodeBadRequest, cause: "no more sessions are taken", status: http.StatusServiceUnavailable}
	}
	if refused := s.limited(r); refused != nil {
		return nil, refused
	}
	if s.opts.AllowRequest != nil {
		if err := s.opts.AllowRequest(r); err != nil {
			return nil, &refusal{code: CodeForbidden, cause: "AllowRequest refused", message: err.Error()}
		}
	}
	if q.version != protocolVersion && (q.version != oldVersion || !s.opts.AllowEIO3) {
		return nil, &refusal{code: CodeUnsupportedVersion, cause: "EIO is unsupported"}
	}
	return nil, nil
}

func (s *Server) verifySession(r *http.Request, q query, upgrade bool) (*Socket, *refusal) {
	sock := s.session(q.sid)
	if sock == nil || sock.expired() || sock.gone() && (upgrade || r.Method != http.MethodGet) {
		if refused := s.limited(r); refused != nil {
			return nil, refused
		}
		return nil, &refusal{code: CodeUnknownSession, cause: "session is unknown"}
	}
	if !upgrade && sock.Transport() != q.transport {
		return nil, &refusal{code: CodeBadRequest, cause: "transport is not the session's"}
	}
	if q.version != sock.version() {
		return nil, &refusal{code: CodeBadRequest, cause: "EIO is not the session's"}
	}
	if upgrade && s.opts.DisableUpgrades {
		return nil, &refusal{code: CodeBadRequest, cause: "upgrades are disabled"}
	}
	return sock, nil
}

// validOrigin refuses more than one Origin, and one that no header may contain.
func validOrigin(values []string) bool {
	if len(values) > 1 {
		return false
	}
	for _, v := range values {
		for i := range len(v) {
			if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
				return false
			}
		}
	}
	return true
}

// refuse answers an error in the form of the protocol: JSON, or plain text to an upgrade. The connection of a refused
// upgrade is closed.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, upgrade bool, why *refusal) {
	if s.opts.Refused != nil {
		s.opts.Refused(r, why.code, why.cause)
	}
	message := why.message
	if message == "" {
		message = why.code.String()
	}
	status := why.status
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
		message = "Service unavailable"
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
		message = "Too many requests"
	}
	if status == 0 {
		status = http.StatusBadRequest
		if why.code == CodeForbidden && !upgrade {
			status = http.StatusForbidden
		}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	body := []byte(message)
	if upgrade {
		h.Set("Connection", "close")
		h.Set("Content-Type", "text/html")
	} else {
		h.Set("Content-Type", "application/json")
		body, _ = json.Marshal(struct { // an int and a string cannot fail
			Code    Code   `json:"code"`
			Message string `json:"message"`
		}{why.code, message})
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}
