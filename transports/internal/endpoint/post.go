package endpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/rate"
	"transportlab/transports/internal/wire"
)

// maxBatch is the most messages that one POST may carry.
const maxBatch = 100

// post appends the messages of a request.
func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, topic string) error {
	ms, err := e.body(w, r)
	if err != nil {
		return err
	}
	if !e.limits.take(r.RemoteAddr, len(ms)) {
		return transports.ErrRateLimited
	}
	at := make([]transports.Cursor, len(ms))
	for i, result := range transports.AppendAll(r.Context(), e.Log, topic, ms) {
		if result.Err != nil {
			return result.Err // those before it are stored; sending all again is safe
		}
		at[i] = result.Cursor
	}
	if e.Post != nil {
		return e.Post(w, r, topic, at)
	}
	w.Header()["Content-Type"] = asJSON
	w.Write(append(AppendPositions(nil, at), '}'))
	return nil
}

// AppendPositions begins a JSON object with the positions of what was appended: epoch and offset, or
// offsets when there are several.
func AppendPositions(dst []byte, at []transports.Cursor) []byte {
	dst = append(dst, `{"epoch":"`...)
	dst = append(dst, at[0].Epoch...)
	if len(at) == 1 {
		return strconv.AppendUint(append(dst, `","offset":`...), at[0].Offset, 10)
	}
	dst = append(dst, `","offsets":[`...)
	for i, c := range at {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, c.Offset, 10)
	}
	return append(dst, ']')
}

// body reads the request's batch, within the limit of size; that of time is the carrier's.
func (e *Endpoint) body(w http.ResponseWriter, r *http.Request) ([]transports.Message, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, transports.ErrUnsupported
	}
	var parse func([]byte, int) ([]transports.Message, error)
	kind := r.Header.Get("Content-Type")
	if kind != "application/json" { // the usual one is not worth parsing
		kind, _, _ = mime.ParseMediaType(kind)
	}
	switch kind {
	case "application/json":
		parse = wire.ParseUp
	case "application/octet-stream":
		parse = wire.ParseBinaryUp
	default:
		return nil, transports.ErrUnsupported
	}
	// JSON may write a byte as six: the limit on the body is one on memory, that on messages follows.
	most := int64(6*e.Options.MaxMessage + 64<<10)
	if r.ContentLength > most {
		w.Header().Set("Connection", "close")
		return nil, transports.ErrTooLarge
	}
	p, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, bodyError(err)
	}
	ms, err := parse(p, maxBatch)
	if err != nil {
		return nil, err
	}
	for i := range ms {
		if len(ms[i].Data) > e.Options.MaxMessage {
			return nil, transports.ErrTooLarge
		}
		if ms[i].ID == "" {
			ms[i].ID = rand.Text()
		}
	}
	return ms, nil
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return transports.ErrTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return transports.ErrTimeout
	case errors.Is(err, context.Canceled):
		return transports.ErrClosed
	}
	return transports.ErrMalformed
}

// limits holds a rate for each client connection, by its address, for as long as it is of interest.
type limits struct {
	perSecond int
	mu        sync.Mutex
	buckets   map[string]*rate.Bucket
	swept     time.Time
}

func (l *limits) take(addr string, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.swept) > 2*time.Second {
		clear(l.buckets) // a bucket is full again after two seconds
		l.swept = now
	}
	b := l.buckets[addr]
	if b == nil {
		if l.buckets == nil {
			l.buckets = map[string]*rate.Bucket{}
		}
		b = rate.New(l.perSecond)
		l.buckets[addr] = b
	}
	return b.Take(n)
}
