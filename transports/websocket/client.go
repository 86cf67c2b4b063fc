package websocket

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/coder/websocket"

	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/pull"
	"transportlab/transports/internal/wire"
)

// clientMax is the largest message that the client takes from a server.
const clientMax = 64 << 20

// Dial implements transports.Transport, with coder/websocket.
func (t transport) Dial(ctx context.Context, target transports.Target) (transports.Conn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	mode := websocket.CompressionDisabled
	if t.o.Compression {
		mode = websocket.CompressionNoContextTakeover
	}
	client := *pull.Client(target)
	client.Transport = unexpectedEOF{client.Transport}
	ws, resp, err := websocket.Dial(ctx, pull.URL(target, transports.Cursor{})+"?subscribe=later", &websocket.DialOptions{
		HTTPClient:      &client,
		HTTPHeader:      target.Header,
		CompressionMode: mode,
	})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			return nil, wire.ReadError(resp, target.After)
		}
		return nil, err
	}
	ws.SetReadLimit(clientMax)
	return duplex.NewClient(frameConn{ws}, t.o, target), nil
}

// A frameConn is the client's connection.
type frameConn struct{ ws *websocket.Conn }

func (c frameConn) ReadFrame() ([]byte, bool, error) {
	kind, p, err := c.ws.Read(context.Background())
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		err = transports.ErrorByClose(int(closed.Code))
		if closed.Code == websocket.StatusNormalClosure {
			err = io.EOF // the server's end of the conversation, not this side's Close
		}
	}
	return p, kind == websocket.MessageBinary, err
}

func (c frameConn) WriteFrame(p []byte, binary bool) error {
	kind := websocket.MessageText
	if binary {
		kind = websocket.MessageBinary
	}
	return c.ws.Write(context.Background(), kind, p)
}

func (c frameConn) Close() error { return c.ws.CloseNow() }

// unexpectedEOF is an http.RoundTripper whose upgraded connections never just end: coder/websocket
// would deliver a fragmented message that was cut off as if it were complete.
type unexpectedEOF struct{ http.RoundTripper }

func (t unexpectedEOF) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.RoundTripper
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		if body, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = eofConn{body}
		}
	}
	return resp, err
}

type eofConn struct{ io.ReadWriteCloser }

func (c eofConn) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
