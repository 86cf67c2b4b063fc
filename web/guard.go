package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// mostBody is the largest request body in bytes.
const mostBody = 64 << 10

// guard lets in what comes from the page itself: a page of another name that points here (DNS rebinding)
// is refused by its Host, and one of another origin cannot change anything.
func (s *Server) guard(next http.Handler) http.Handler {
	csrf := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if !slices.Contains(s.hosts, r.Host) {
			fail(w, http.StatusForbidden, "host", "this server is not called that")
			return
		}
		if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, namespacePath) {
			origin := r.Header.Get("Origin")
			foreign := origin != "" && origin != "http://"+r.Host
			if site := r.Header.Get("Sec-Fetch-Site"); foreign || site == "cross-site" || site == "same-site" || csrf.Check(r) != nil {
				fail(w, http.StatusForbidden, "origin", "only the demo's own page may ask this")
				return
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		next.ServeHTTP(w, r)
	})
}

// contentSecurity is the page's policy: its own scripts and styles, connections to itself and the lanes.
func (s *Server) contentSecurity() string {
	connect := []string{"'self'"}
	for _, g := range append(s.gates[:], s.chat) {
		connect = append(connect, g.URL(), "ws"+strings.TrimPrefix(g.URL(), "http"))
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src " + strings.Join(connect, " ") +
		"; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; report-uri /csp-report"
}

// violation counts what a browser reports.
func (s *Server) violation(w http.ResponseWriter, r *http.Request) {
	p, err := io.ReadAll(r.Body)
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the report is too large")
		return
	}
	s.csp.Add(1)
	s.o.Logger.Warn("web: the page's Content-Security-Policy was violated", "report", string(p[:min(len(p), 512)]))
	w.WriteHeader(http.StatusNoContent)
}

// read decodes a request's body. When it cannot, it has answered.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, "unsupported", "send application/json")
		return false
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is more than one value")
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		w.Header().Set("Connection", "close")
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the body is too large")
	case err != nil:
		fail(w, http.StatusBadRequest, "malformed", "the body is not what is asked for here: "+err.Error())
	}
	return err == nil
}

// fail answers with an error in the form that the lab's transports give it.
func fail(w http.ResponseWriter, status int, code, message string) {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = code, message
	answer(w, status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the reader is gone
}
