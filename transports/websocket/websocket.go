// Package websocket moves messages over RFC 6455 on HTTP/1.1. Up: a text or binary frame with a batch
// of messages, acknowledged by a frame. Down: a frame per batch. The server's heartbeat is a ping.
package websocket

import (
	"context"
	"net/http"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/hub"
	"transportlab/transports/internal/push"
	"transportlab/transports/internal/rfc6455"
	"transportlab/transports/internal/wire"
)

type transport struct{ o transports.Options }

// New returns the transport.
func New(o transports.Options) transports.Transport { return transport{o.WithDefaults()} }

func (transport) Info() transports.Info {
	return transports.Info{Name: "websocket", Title: "WebSocket", Push: true, Carriers: []string{"h1", "h1tls"}}
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	sessions := push.NewServer(log, t.o, true)
	e.Drain = sessions.Shutdown
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		later := r.URL.Query().Get("subscribe") == "later"
		handshake, err := rfc6455.Check(w, r)
		if err != nil {
			return err
		}
		s, err := sessions.Open(topic)
		if err != nil {
			return err
		}
		ws, err := handshake.Accept(w, t.o.Compression, duplex.FrameLimit(t.o))
		if err != nil {
			s.Done()
			return nil // the status has been written; there is nothing left to say it with
		}
		f := framing{compress: ws.Deflate}
		s.Attach(&push.ConnWriter{Conn: ws.Conn, To: ws}, f)
		ws.Heard, ws.Pings = s.Heard, int(time.Second/t.o.Heartbeat)+1
		l := &duplex.Loop{Log: log, Options: t.o, Topic: topic, Session: s, Frame: f.text}
		s.Extra = l.Answers
		if !later {
			l.Subscribe(after, nil)
		}
		s.Start()
		go serve(l, ws) // ends with the connection
		return nil
	}
	return e
}

// serve is not a closure of the handler's, which would keep the request alive with the connection.
func serve(l *duplex.Loop, ws *rfc6455.Conn) {
	defer l.Session.Done()
	l.Run(context.Background(), ws)
}

// A framing writes the server's frames.
type framing struct{ compress bool }

func (f framing) Batch(dst []byte, r hub.Run) []byte {
	return rfc6455.AppendFrame(r.Append(dst), len(dst), r.Binary, f.compress)
}

func (f framing) text(dst, p []byte) []byte {
	return rfc6455.AppendFrame(append(dst, p...), len(dst), false, f.compress)
}

func (f framing) Gap(dst []byte, g *transports.GapError) []byte {
	return f.text(dst, wire.AppendControl(nil, wire.Gap(g)))
}

func (framing) Heartbeat(dst []byte) []byte { return rfc6455.AppendPing(dst) }

// Bye writes a close frame: the error's close code, and its Code as the reason.
func (framing) Bye(dst []byte, e *transports.Error) []byte {
	return rfc6455.AppendClose(dst, e.Close, e.Code)
}
