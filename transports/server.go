package transports

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Policy is what a Server of several transports allows. The zero value of a field is its default.
type Policy struct {
	// Authorize is asked for every request, with the credentials that it presents now, before anything
	// is done or told: also when a client resumes. It returns nil, ErrUnauthorized, ErrForbidden, or
	// another *Error. Nil allows everybody.
	Authorize func(r *http.Request, topic string) error
	// Hosts are the names by which the server may be addressed (the Host header without its port), so
	// that a page of another name cannot reach it by pointing that name here. Nil allows every name.
	Hosts []string
	// NewTopics is how many topics one client address may begin in a minute; 50. One more is
	// ErrRateLimited.
	NewTopics int
}

// NewServer returns one Server for several transports, each under its name: /polling/{topic}.
func NewServer(log Log, p Policy, arms ...Transport) Server {
	set(&p.NewTopics, 50)
	m := &mux{policy: p, arms: map[string]Server{}}
	for _, a := range arms {
		m.arms[a.Info().Name] = a.NewServer(log)
	}
	return m
}

type mux struct {
	policy Policy
	arms   map[string]Server
	topics newTopics
}

// ServeHTTP implements http.Handler.
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, topic, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	topic = strings.TrimSuffix(topic, "/") // where Engine.IO's clients put one
	arm := m.arms[name]
	if !ok || arm == nil {
		refuse(w, &Error{Code: "not_found", Status: http.StatusNotFound, Message: "there is nothing here: a topic is at /{transport}/{topic}"})
		return
	}
	if err := m.allowed(r, topic); err != nil {
		refuse(w, err)
		return
	}
	arm.ServeHTTP(w, r)
}

func (m *mux) allowed(r *http.Request, topic string) error {
	if err := CheckTopic(topic); err != nil {
		return err
	}
	if m.policy.Hosts != nil && !hostIn(r.Host, m.policy.Hosts) {
		return ErrForbidden
	}
	if m.policy.Authorize != nil && r.Method != http.MethodOptions {
		if err := m.policy.Authorize(r, topic); err != nil {
			return err
		}
	}
	if !m.topics.allow(topic, r.RemoteAddr, m.policy.NewTopics) {
		return ErrRateLimited
	}
	return nil
}

func hostIn(host string, names []string) bool {
	for _, name := range names {
		if rest, ok := strings.CutPrefix(host, name); ok && (rest == "" || rest[0] == ':') {
			return true
		}
	}
	return false
}

// refuse answers with the form that every transport gives errors.
func refuse(w http.ResponseWriter, err error) {
	e := ErrInternal
	errors.As(err, &e)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	w.WriteHeader(e.Status)
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": e.Code, "message": e.Message, "retryable": e.Retryable, "retry_after_ms": e.RetryAfter.Milliseconds(),
	}})
}

// Shutdown implements Server: all transports at once.
func (m *mux) Shutdown(ctx context.Context) error {
	results := make(chan error)
	for _, arm := range m.arms {
		go func() { results <- arm.Shutdown(ctx) }() // ends within ctx, as Shutdown does
	}
	var all error
	for range m.arms {
		all = errors.Join(all, <-results)
	}
	return all
}
