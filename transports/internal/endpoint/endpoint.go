// Package endpoint is the HTTP side that all arms share: which requests are refused and how, the POST
// that appends, and the way to the arm's own GET.
package endpoint

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// An Endpoint is an arm's server. Its handler answers POST itself and hands GET to Get.
type Endpoint struct {
	Log     transports.Log
	Options transports.Options
	// Get answers a GET of a topic from a cursor. It returns an error for Endpoint to write, as long
	// as it has written nothing itself.
	Get func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error
	// Post, if set, answers a POST once its messages are stored; otherwise their positions are all.
	Post func(w http.ResponseWriter, r *http.Request, topic string, at []transports.Cursor) error
	// Drain, if set, ends what Get left running beside its requests.
	Drain func(ctx context.Context) error

	csrf     *http.CrossOriginProtection
	limits   limits
	mu       sync.Mutex
	draining bool
	requests sync.WaitGroup
	ctx      context.Context // ends when draining begins
	stop     context.CancelFunc
}

// New returns an Endpoint over log; its Get is to be set.
func New(log transports.Log, o transports.Options) *Endpoint {
	e := &Endpoint{Log: log, Options: o, csrf: http.NewCrossOriginProtection()}
	for _, origin := range o.Origins {
		e.csrf.AddTrustedOrigin(origin) // a malformed one trusts nobody
	}
	e.limits.perSecond = o.MessageRate
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

// Draining is a context that ends when the node begins to go away: held requests are to be released
// then.
func (e *Endpoint) Draining() context.Context { return e.ctx }

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !e.enter() {
		err := e.CheckOrigin(w, r) // a page that may use the server is to read why it is refused
		if err == nil {
			err = transports.ErrDraining
		}
		w.Header().Set("Connection", "close")
		wire.WriteError(w, err)
		return
	}
	defer e.requests.Done()
	if err := e.serve(w, r); err != nil {
		if err == transports.ErrDraining {
			w.Header().Set("Connection", "close")
		}
		wire.WriteError(w, err)
	}
}

func (e *Endpoint) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.draining {
		e.requests.Add(1)
	}
	return !e.draining
}

func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request) error {
	topic := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if err := transports.CheckTopic(topic); err != nil {
		return err
	}
	if err := e.CheckOrigin(w, r); err != nil {
		return err
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		after, err := transports.ParseCursor(parameter(r, "after"))
		if err != nil {
			return err
		}
		return e.Get(w, r, topic, after)
	case http.MethodPost:
		if e.csrf.Check(r) != nil {
			return transports.ErrOrigin
		}
		return e.post(w, r, topic)
	case http.MethodOptions:
		if r.Header.Get("Origin") != "" && w.Header().Get("Access-Control-Allow-Origin") != "" {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type, If-None-Match, Last-Event-ID, Authorization")
			w.Header().Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	w.Header().Set("Allow", "GET, HEAD, POST")
	return transports.ErrMethod
}

// parameter returns a query parameter; the usual query, which is that one alone, is not worth a map.
func parameter(r *http.Request, name string) string {
	if value, ok := strings.CutPrefix(r.URL.RawQuery, name+"="); ok && !strings.ContainsAny(value, "&%+;") {
		return value
	}
	return r.URL.Query().Get(name)
}

// CheckOrigin lets a browser's request pass only from a page of this very origin (scheme, host and
// port) or of one that was allowed by name; only the latter gets CORS headers. A request without an
// Origin is not a browser's, or is same-origin.
func (e *Endpoint) CheckOrigin(w http.ResponseWriter, r *http.Request) error {
	if len(e.Options.Origins) > 0 {
		w.Header().Add("Vary", "Origin")
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			return transports.ErrOrigin
		}
		return nil
	}
	if len(origins) > 1 {
		return transports.ErrOrigin
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	if origins[0] == scheme+r.Host {
		return nil
	}
	if !slices.Contains(e.Options.Origins, origins[0]) {
		return transports.ErrOrigin
	}
	w.Header().Set("Access-Control-Allow-Origin", origins[0])
	w.Header().Set("Access-Control-Expose-Headers", "ETag, Retry-After")
	return nil
}

// Shutdown implements transports.Server.
func (e *Endpoint) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.draining = true
	e.mu.Unlock()
	e.stop()
	var err error
	if e.Drain != nil {
		err = e.Drain(ctx)
	}
	done := make(chan struct{})
	go func() { // ends with the last request
		e.requests.Wait()
		close(done)
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// NoStore marks an answer as fresh: it must not be kept by any cache, nor be changed or held back on
// its way (RFC 6202 section 5.5; Incremental is RFC 10036, X-Accel-Buffering is nginx's word for it).
func NoStore(h http.Header, incremental bool) {
	h["Cache-Control"] = noStore
	if incremental {
		h["Incremental"], h["X-Accel-Buffering"] = incrementally, no
	}
}

// Header values that most answers have, made once; net/http copies them. Not to be changed.
var (
	noStore       = []string{"no-store, no-transform"}
	incrementally = []string{"?1"}
	no            = []string{"no"}
	asJSON        = []string{"application/json"}
)

// WriteBatch answers with messages: JSON, or the binary form where one of them is binary and the
// client takes more than JSON. The epoch is stated unless the client named it.
func WriteBatch(w http.ResponseWriter, r *http.Request, after transports.Cursor, ms []transports.Message) error {
	w.Header()["Content-Type"] = asJSON
	write := wire.AppendText
	if slices.ContainsFunc(ms, func(m transports.Message) bool { return m.Binary }) && r.Header.Get("Accept") != "application/json" {
		w.Header().Set("Content-Type", "application/octet-stream")
		write = wire.AppendBinary
	}
	w.Write(write(nil, after.Epoch != ms[0].Epoch, ms))
	return nil
}
