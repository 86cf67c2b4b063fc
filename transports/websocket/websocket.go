// Package websocket moves messages over RFC 6455 on HTTP/1.1. Up: a text or binary frame with a batch
// of messages, acknowledged by a frame. Down: a frame per batch. The server's heartbeat is a ping.
//
// coder/websocket does the handshake, the reading and the control frames. What it does not is done
// here: a message that is cut off is refused, text must be UTF-8, a message must arrive in ten seconds,
// an idle connection keeps no large buffers, and batches are written as frames that are put together
// straight from the topic's encoded messages.
package websocket

import (
	"context"
	"net/http"

	"github.com/coder/websocket"

	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/push"
)

type transport struct{ o transports.Options }

// New returns the transport.
func New(o transports.Options) transports.Transport { return transport{o.WithDefaults()} }

func (transport) Info() transports.Info {
	return transports.Info{Name: "websocket", Title: "WebSocket", Push: true, Carriers: []string{"h1", "h1tls"}}
}

func (t transport) mode() websocket.CompressionMode {
	if t.o.Compression {
		return websocket.CompressionNoContextTakeover
	}
	return websocket.CompressionDisabled
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	sessions := push.NewServer(log, t.o, true)
	e.Drain = sessions.Shutdown
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		if err := checkUpgrade(w, r); err != nil {
			return err
		}
		later := r.URL.Query().Get("subscribe") == "later"
		hijack := &hijacker{ResponseWriter: w}
		ws, err := websocket.Accept(hijack, r, &websocket.AcceptOptions{
			InsecureSkipVerify: true, // the endpoint has checked the origin, more strictly
			CompressionMode:    t.mode(),
		})
		if err != nil {
			return nil // answered by Accept
		}
		limit := duplex.FrameLimit(t.o)
		ws.SetReadLimit(int64(limit))
		f := framing{compress: w.Header().Get("Sec-WebSocket-Extensions") != ""}
		s, err := sessions.Open(&push.ConnWriter{Conn: hijack.conn.Conn, To: hijack.conn}, f, topic)
		if err != nil {
			return hijack.conn.Conn.Close()
		}
		hijack.conn.heard = s.Heard
		l := &duplex.Loop{Log: log, Options: t.o, Topic: topic, Session: s, Frame: f.text}
		s.Extra = l.Answers
		if !later {
			s.Subscribe(after, nil)
		}
		go func() { // ends with the connection
			defer s.Done()
			l.Run(context.Background(), &reader{ws: ws, conn: hijack.conn, buffered: hijack.buf.Reader.Buffered})
		}()
		return nil
	}
	return e
}

// checkUpgrade refuses what is not a WebSocket handshake with the status of RFC 6455 section 4.2.
func checkUpgrade(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Upgrade") == "" || !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1 {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		return &transports.Error{Code: "upgrade", Status: http.StatusUpgradeRequired, Message: "this endpoint speaks WebSocket over HTTP/1.1 only"}
	}
	if v := r.Header.Get("Sec-WebSocket-Version"); v != "13" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		return &transports.Error{Code: "version", Status: http.StatusUpgradeRequired, Message: "only version 13 of the WebSocket protocol is spoken here"}
	}
	return nil
}
