package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"transportlab/transports"
)

// AsError finds the transports.Error in err. A log that did not answer in time is unavailable; any
// other error is ErrInternal, so that the text of an unforeseen one never leaves the server.
func AsError(err error) *transports.Error {
	var e *transports.Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return transports.ErrUnavailable
	}
	return transports.ErrInternal
}

// WriteError answers a request with err: its status, {"error":…} and Retry-After.
func WriteError(w http.ResponseWriter, err error) {
	body := BodyOf(err)
	status := http.StatusConflict
	if body.Code != "gap" {
		e := AsError(err)
		status = e.Status
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
		}
	}
	p, _ := json.Marshal(struct {
		Error *ErrorBody `json:"error"`
	}{body})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(p, '\n'))
}

// ReadError returns the error that a response other than a success carries. after is the cursor that
// was asked for. Answers that are not ours, such as a proxy's, are told by their status.
func ReadError(r *http.Response, after transports.Cursor) error {
	var doc struct {
		Error *ErrorBody `json:"error"`
	}
	p, err := io.ReadAll(io.LimitReader(r.Body, 4<<10))
	if err == nil && json.Unmarshal(p, &doc) == nil && doc.Error != nil && doc.Error.Code != "" {
		return doc.Error.Err(after)
	}
	e := *transports.ErrorByCode("http_" + strconv.Itoa(r.StatusCode))
	e.Status = r.StatusCode
	e.Message = "the server answered " + r.Status
	e.Retryable = r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests
	if s, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	return &e
}
