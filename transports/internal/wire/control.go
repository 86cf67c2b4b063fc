package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"transportlab/transports"
)

// A Control is what travels beside batches on transports that use one stream for everything, one
// JSON object each. Exactly one of its parts is set.
type Control struct {
	// Ack answers messages that went up: for each its ID and offset in turn; Epoch is stated when it
	// is not the last one stated on this connection.
	Epoch string `json:"epoch,omitempty"`
	Ack   []any  `json:"ack,omitempty"`

	// Type is "gap" with Epoch, First and Last; "error" with Error and, when one message was
	// refused, its ID; or, from the client, "subscribe" with After, and "unsubscribe".
	Type  string     `json:"type,omitempty"`
	First *uint64    `json:"first,omitempty"`
	Last  *uint64    `json:"last,omitempty"`
	ID    string     `json:"id,omitempty"`
	Error *ErrorBody `json:"error,omitempty"`
	After string     `json:"after,omitempty"`
}

// IsControl tells a control from a batch by its first byte.
func IsControl(p []byte) bool { return len(p) > 0 && p[0] == '{' }

// ParseControl reads a control; unknown members are ErrMalformed.
func ParseControl(p []byte) (Control, error) {
	var c Control
	d := json.NewDecoder(bytes.NewReader(p))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&c); err != nil || len(bytes.TrimSpace(p[d.InputOffset():])) > 0 {
		return c, transports.ErrMalformed
	}
	return c, nil
}

// AppendAck writes the positions of messages that were appended.
func AppendAck(dst []byte, epoch string, ids []string, offsets []uint64) []byte {
	dst = append(dst, '{')
	if epoch != "" {
		dst = append(dst, `"epoch":"`...)
		dst = append(dst, epoch...)
		dst = append(dst, `",`...)
	}
	dst = append(dst, `"ack":[`...)
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, id...)
		dst = append(dst, '"', ',')
		dst = strconv.AppendUint(dst, offsets[i], 10)
	}
	return append(dst, ']', '}')
}

// AppendControl writes c.
func AppendControl(dst []byte, c Control) []byte {
	p, err := json.Marshal(c)
	if err != nil {
		panic(err) // a Control holds strings and numbers only
	}
	return append(dst, p...)
}

// Gap is the control that reports a gap.
func Gap(g *transports.GapError) Control {
	return Control{Type: "gap", Epoch: g.Epoch, First: &g.First, Last: &g.Last}
}

// GapError is the error that a control or an HTTP error body with these members stands for.
func GapError(after transports.Cursor, epoch string, first, last *uint64) error {
	if first == nil || last == nil {
		return transports.ErrMalformed
	}
	return &transports.GapError{After: after, Epoch: epoch, First: *first, Last: *last}
}

// An ErrorBody is the JSON form of an error; HTTP wraps it in {"error":…}.
type ErrorBody struct {
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Retryable  bool    `json:"retryable"`
	RetryAfter int64   `json:"retry_after_ms"`
	Epoch      string  `json:"epoch,omitempty"` // of a gap
	First      *uint64 `json:"first,omitempty"`
	Last       *uint64 `json:"last,omitempty"`
}

// BodyOf is the JSON form of err.
func BodyOf(err error) *ErrorBody {
	if g, ok := err.(*transports.GapError); ok {
		return &ErrorBody{Code: "gap", Message: "messages after this cursor are no longer held", Retryable: true,
			Epoch: g.Epoch, First: &g.First, Last: &g.Last}
	}
	e := AsError(err)
	return &ErrorBody{Code: e.Code, Message: e.Message, Retryable: e.Retryable, RetryAfter: e.RetryAfter.Milliseconds()}
}

// Err is the error that b stands for; after is the cursor that was asked for.
func (b *ErrorBody) Err(after transports.Cursor) error {
	if b.Code == "gap" {
		return GapError(after, b.Epoch, b.First, b.Last)
	}
	e := *transports.ErrorByCode(b.Code)
	e.RetryAfter = time.Duration(b.RetryAfter) * time.Millisecond
	return &e
}
