package transports

import (
	"fmt"
	"net/http"
	"time"
)

// An Error is a refusal or failure that a transport reports, the same over every one of them and
// carried across the wire by its Code. Compare with errors.Is against the variables below.
type Error struct {
	Code       string        // stable, for programs: "too_large"
	Status     int           // HTTP status it is answered with
	Close      int           // WebSocket close code it ends a connection with
	Message    string        // fixed text, for people; never echoes input
	Retryable  bool          // the same call may succeed later
	RetryAfter time.Duration // when that is known
}

func (e *Error) Error() string { return e.Message }

// Is tells whether target is an Error of the same Code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// The errors of the contract. Close codes 4000–4499 mean "connect again", 4500–4999 "do not".
var (
	ErrClosed       = &Error{Code: "closed", Status: http.StatusOK, Close: 1000, Message: "the connection is closed"}
	ErrTooLarge     = &Error{Code: "too_large", Status: http.StatusRequestEntityTooLarge, Close: 1009, Message: "the message is larger than this server takes"}
	ErrConflict     = &Error{Code: "idempotency_conflict", Status: http.StatusConflict, Close: 4509, Message: "this message id was used before with other data"}
	ErrUnavailable  = &Error{Code: "unavailable", Status: http.StatusServiceUnavailable, Close: 1013, Message: "the store cannot be reached; try again", Retryable: true, RetryAfter: time.Second}
	ErrUnauthorized = &Error{Code: "unauthorized", Status: http.StatusUnauthorized, Close: 4501, Message: "credentials are missing or no longer valid"}
)

// The other refusals, by the same table.
var (
	ErrForbidden    = &Error{Code: "forbidden", Status: http.StatusForbidden, Close: 4503, Message: "not allowed on this topic"}
	ErrOrigin       = &Error{Code: "origin", Status: http.StatusForbidden, Close: 4503, Message: "pages of this origin may not use this server"}
	ErrTopic        = &Error{Code: "topic_invalid", Status: http.StatusBadRequest, Close: 1002, Message: "a topic is 1 to 128 of the characters A-Z a-z 0-9 _ . : - and does not begin with _"}
	ErrCursor       = &Error{Code: "cursor_invalid", Status: http.StatusBadRequest, Close: 1002, Message: "a cursor is written epoch:offset"}
	ErrMalformed    = &Error{Code: "malformed", Status: http.StatusBadRequest, Close: 1002, Message: "the request does not follow the protocol"}
	ErrUTF8         = &Error{Code: "invalid_utf8", Status: http.StatusBadRequest, Close: 1007, Message: "text must be valid UTF-8"}
	ErrUnsupported  = &Error{Code: "unsupported", Status: http.StatusUnsupportedMediaType, Close: 1003, Message: "this kind of content is not supported here"}
	ErrMethod       = &Error{Code: "method", Status: http.StatusMethodNotAllowed, Close: 1002, Message: "this method is not supported here"}
	ErrTimeout      = &Error{Code: "timeout", Status: http.StatusRequestTimeout, Close: 4012, Message: "the peer was silent for too long", Retryable: true}
	ErrRateLimited  = &Error{Code: "rate_limited", Status: http.StatusTooManyRequests, Close: 4029, Message: "too many messages or connections; slow down", Retryable: true, RetryAfter: time.Second}
	ErrDraining     = &Error{Code: "draining", Status: http.StatusServiceUnavailable, Close: 1001, Message: "this node is going away; connect again", Retryable: true, RetryAfter: time.Second}
	ErrSlowConsumer = &Error{Code: "slow_consumer", Status: http.StatusServiceUnavailable, Close: 4008, Message: "the client reads too slowly; resume at its cursor", Retryable: true}
	ErrInternal     = &Error{Code: "internal", Status: http.StatusInternalServerError, Close: 1011, Message: "internal error", Retryable: true}
)

var errorTable = []*Error{
	ErrClosed, ErrTooLarge, ErrConflict, ErrUnavailable, ErrUnauthorized, ErrForbidden, ErrOrigin, ErrTopic, ErrCursor,
	ErrMalformed, ErrUTF8, ErrUnsupported, ErrMethod, ErrTimeout, ErrRateLimited, ErrDraining, ErrSlowConsumer, ErrInternal,
}

// ErrorByCode returns the error that a code on the wire stands for. An unknown code is an error of
// its own that may be retried.
func ErrorByCode(code string) *Error {
	for _, e := range errorTable {
		if e.Code == code {
			return e
		}
	}
	return &Error{Code: code, Status: http.StatusInternalServerError, Close: 1011, Message: fmt.Sprintf("error %q", code), Retryable: true}
}

// ErrorByClose returns the error that a WebSocket close code stands for. Of the unknown codes, those
// from 4500 on must not be retried.
func ErrorByClose(code int) *Error {
	for _, e := range errorTable {
		if e.Close == code {
			return e
		}
	}
	return &Error{Code: fmt.Sprintf("close_%d", code), Status: http.StatusInternalServerError, Close: code,
		Message: fmt.Sprintf("closed with code %d", code), Retryable: code < 4500}
}
