package client

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrSilent is the cause of engineio.ReasonPingTimeout.
var ErrSilent = errors.New("server has fallen silent")

// A TransportError says which request or connection failed, in the words of the official client: "xhr poll error",
// "xhr post error", "websocket error". If the server answered, Status is its HTTP status, and Code and Message are what its
// body says, see engineio.Code.
type TransportError struct {
	Op      string
	Status  int
	Code    int
	Message string
	Err     error
}

// Error implements error.
func (e *TransportError) Error() string {
	text := e.Op
	if e.Status != 0 {
		text += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// refused makes the error of an answer with a status that means failure. body is the beginning of the answer.
func refused(op string, status int, body []byte) *TransportError {
	e := &TransportError{Op: op, Status: status}
	var told struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &told) == nil {
		e.Code, e.Message = told.Code, told.Message
	}
	return e
}
