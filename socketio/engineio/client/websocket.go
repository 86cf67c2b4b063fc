package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/coder/websocket"

	"transportlab/socketio/engineio"
)

const wsOp = "websocket error"

// wsTransport is a WebSocket: one packet in each message.
type wsTransport struct {
	conn  *websocket.Conn
	wire  *wire
	plain bool   // binary data goes as text
	buf   []byte // of the reading goroutine
	limit int64
}

// dialWebSocket opens a WebSocket for a new session, or for the one that sid names.
func (d *Dialer) dialWebSocket(ctx context.Context, sid string) (*wsTransport, error) {
	t := &wsTransport{plain: d.opts.ForceBase64, limit: d.opts.MaxMessage}
	client := *d.http
	client.Transport = wiring{below: d.http.Transport, wire: &t.wire, limit: d.opts.MaxMessage}
	options := &websocket.DialOptions{HTTPClient: &client, HTTPHeader: d.opts.header(WebSocket), Subprotocols: d.opts.Subprotocols}
	if d.opts.CompressionThreshold > 0 {
		options.CompressionMode = websocket.CompressionNoContextTakeover
		options.CompressionThreshold = d.opts.CompressionThreshold
	}
	conn, resp, err := websocket.Dial(ctx, d.endpoint(WebSocket, sid), options)
	if err != nil {
		if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, &TransportError{Op: wsOp, Err: err}
		}
		told, _ := io.ReadAll(io.LimitReader(resp.Body, errorBody)) // the status says enough
		e := refused(wsOp, resp.StatusCode, told)
		e.Err = err
		return nil, e
	}
	conn.SetReadLimit(d.opts.MaxMessage)
	t.conn = conn
	return t, nil
}

func (t *wsTransport) name() string { return WebSocket }

// read ignores ctx: abandon ends it.
func (t *wsTransport) read(_ context.Context, deliver func(engineio.Packet) error) error {
	typ, r, err := t.conn.Reader(context.Background())
	if err != nil {
		return &TransportError{Op: wsOp, Err: err}
	}
	t.wire.beginMessage()
	n := 0
	for err == nil {
		if n == len(t.buf) {
			t.buf = append(t.buf, make([]byte, max(len(t.buf), 4096))...)
		}
		var m int
		m, err = r.Read(t.buf[n:])
		n += m
	}
	t.wire.endMessage()
	if errors.Is(err, websocket.ErrMessageTooBig) {
		err = errors.Join(engineio.ErrPayloadTooLarge, err)
	}
	if err != io.EOF {
		return &TransportError{Op: wsOp, Err: err}
	}
	data := append(make([]byte, 0, n), t.buf[:n]...)
	if len(t.buf) > 64<<10 { // one large message is no reason to keep so much
		t.buf = nil
	}
	decode := engineio.DecodePacket // text that begins with b is base64 here too
	if typ == websocket.MessageBinary {
		decode = func(b []byte) (engineio.Packet, error) { return engineio.DecodeFrame(b, true) }
	}
	packet, err := decode(data)
	if err != nil {
		return err
	}
	return deliver(packet)
}

// write ignores ctx: abandon ends it.
func (t *wsTransport) write(_ context.Context, packets []engineio.Packet) (int, error) {
	if len(packets) > 1 {
		t.wire.cork()
	}
	var err error
	for _, p := range packets {
		if p.Binary && !t.plain {
			err = t.conn.Write(context.Background(), websocket.MessageBinary, p.Data)
		} else {
			err = t.conn.Write(context.Background(), websocket.MessageText, engineio.AppendPacket(make([]byte, 0, 1+len(p.Data)), p))
		}
		if err != nil {
			break
		}
	}
	if len(packets) > 1 {
		err = errors.Join(err, t.wire.uncork())
	}
	if err != nil {
		return 0, &TransportError{Op: wsOp, Err: err}
	}
	return len(packets), nil
}

// close waits up to ten seconds for the server's close frame; another goroutine must be reading.
func (t *wsTransport) close(context.Context) error {
	return t.conn.Close(websocket.StatusNoStatusRcvd, "")
}

// abandon also ends a close in progress. The connection is lost: errors say nothing.
func (t *wsTransport) abandon() {
	_ = t.wire.Close()
	_ = t.conn.CloseNow()
}

// cut reports whether a WebSocket's error means that the connection went away, rather than that somebody broke the protocol.
func cut(err error) bool {
	var closed websocket.CloseError
	var network net.Error
	return errors.As(err, &closed) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &network)
}

// A wiring puts a wire below the WebSocket that an HTTP request opens.
type wiring struct {
	below http.RoundTripper
	wire  **wire
	limit int64
}

// RoundTrip implements http.RoundTripper.
func (w wiring) RoundTrip(r *http.Request) (*http.Response, error) {
	below := w.below
	if below == nil {
		below = http.DefaultTransport
	}
	resp, err := below.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return resp, err
	}
	stream, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		_ = resp.Body.Close() // nothing was read
		return nil, fmt.Errorf("HTTP client cannot carry a WebSocket: its body is a %T", resp.Body)
	}
	*w.wire = &wire{ReadWriteCloser: stream, limit: w.limit}
	(*w.wire).endMessage()
	resp.Body = *w.wire
	return resp, nil
}
