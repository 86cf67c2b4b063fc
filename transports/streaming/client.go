package streaming

import (
	"bufio"
	"bytes"
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
		return func() (string, []byte, error) { return nextLine(lines) }, nil
	}
	return nil, fmt.Errorf("the server answered with %q instead of a stream: %w", contentType, transports.ErrUnsupported)
}

// nextLine reads a line that is not empty; the kind of a control is its type. A line that the stream's
// end cut off is none.
func nextLine(r *bufio.Reader) (kind string, data []byte, err error) {
	for len(data) == 0 {
		for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
			var part []byte
			part, err = r.ReadSlice('\n')
			if data = append(data, part...); len(data) > mostEvent {
				return "", nil, sse.ErrTooLarge
			}
		}
		if err != nil {
			return "", nil, err
		}
		data = bytes.TrimRight(data, "\n")
	}
	if wire.IsControl(data) {
		c, err := wire.ParseControl(data)
		return c.Type, data, err
	}
	return "message", data, nil
}
