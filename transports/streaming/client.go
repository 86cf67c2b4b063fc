package streaming

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"transportlab/transports"
	"transportlab/transports/internal/pull"
	"transportlab/transports/internal/sse"
	"transportlab/transports/internal/wire"
)

// mostEvent is the longest event that the client takes, so that a hostile server cannot fill it.
const mostEvent = 64 << 20

func (t transport) Dial(_ context.Context, target transports.Target) (transports.Conn, error) {
	return pull.NewStream(target, t.o, t.accept, parse)
}

// parse reads Server-Sent Events or NDJSON.
func parse(contentType string, body io.Reader) (next func() (string, []byte, error), err error) {
	switch contentType {
	case "text/event-stream":
		d := sse.NewDecoder(body, mostEvent)
		return func() (string, []byte, error) {
			e, err := d.Next()
			return e.Type, e.Data, err
		}, nil
	case "application/x-ndjson":
		lines := bufio.NewReader(body)
		return func() (string, []byte, error) { return wire.NextLine(lines, mostEvent) }, nil
	}
	return nil, fmt.Errorf("the server answered with %q instead of a stream: %w", contentType, transports.ErrUnsupported)
}
