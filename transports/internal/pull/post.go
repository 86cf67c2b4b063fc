package pull

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// answerBytes is the most that an answer may hold, so that a hostile server cannot fill the client.
const answerBytes = 64 << 20

// Client is the target's HTTP client.
func Client(target transports.Target) *http.Client {
	if target.Client != nil {
		return target.Client
	}
	return http.DefaultClient
}

// URL returns the topic's address, with a cursor unless that is zero.
func URL(target transports.Target, after transports.Cursor) string {
	u := strings.TrimSuffix(target.URL, "/") + "/" + target.Topic
	if s := after.String(); s != "" {
		u += "?after=" + s
	}
	return u
}

// Request returns a request with the target's headers.
func Request(ctx context.Context, method, url string, body io.Reader, header http.Header) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		r.Header[k] = v
	}
	return r, nil
}

// A PostAnswer is what a POST is answered with.
type PostAnswer struct {
	Epoch  string          `json:"epoch"`
	Offset uint64          `json:"offset"`
	News   json.RawMessage `json:"news"`
}

func (a PostAnswer) cursor() transports.Cursor {
	return transports.Cursor{Epoch: a.Epoch, Offset: a.Offset}
}

// within returns a context that ends with ctx and with the life of a connection.
func within(ctx, life context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(life, cancel)
	return ctx, func() { stop(); cancel() }
}

// Send is the Send of a connection that sends with POST. life is the connection's, which an error that
// is not about the one message ends through fail.
func Send(ctx, life context.Context, fail context.CancelCauseFunc, target transports.Target, o transports.Options, m transports.Message) (transports.Cursor, error) {
	answer, err := post(ctx, life, fail, target, URL(target, transports.Cursor{}), o, m)
	return answer.cursor(), err
}

func post(ctx, life context.Context, fail context.CancelCauseFunc, target transports.Target, url string, o transports.Options, m transports.Message) (PostAnswer, error) {
	if err := context.Cause(life); err != nil {
		return PostAnswer{}, err
	}
	if err := wire.CheckMessage(&m, o.MaxMessage); err != nil {
		return PostAnswer{}, err
	}
	request, stop := within(ctx, life)
	defer stop()
	answer, err := roundTrip(request, target, url, m)
	if err == nil {
		return answer, nil
	}
	if ctx.Err() != nil {
		return PostAnswer{}, ctx.Err()
	}
	if e := wire.AsError(err); !e.Is(transports.ErrConflict) && !e.Is(transports.ErrTooLarge) {
		fail(err) // unless it had ended before: then that is why
		err = context.Cause(life)
	}
	return PostAnswer{}, err
}

// roundTrip sends one message to url and reads the answer.
func roundTrip(ctx context.Context, target transports.Target, url string, m transports.Message) (PostAnswer, error) {
	var answer PostAnswer
	body, kind := wire.AppendUp(nil, m), "application/json"
	if m.Binary {
		body, kind = wire.AppendBinaryEntry(nil, m), "application/octet-stream"
	}
	wire.CountUp(target.Tally, m, len(body))
	r, err := Request(ctx, http.MethodPost, url, bytes.NewReader(body), target.Header)
	if err != nil {
		return answer, err
	}
	r.Header.Set("Content-Type", kind)
	resp, err := Client(target).Do(r)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return answer, wire.ReadError(resp, transports.Cursor{})
	}
	p, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes))
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(p, &answer); err != nil || answer.Epoch == "" || answer.Offset == 0 {
		return answer, fmt.Errorf("the server's answer to a POST cannot be read: %w", transports.ErrInternal)
	}
	return answer, nil
}
