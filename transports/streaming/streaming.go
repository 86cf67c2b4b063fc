// Package streaming keeps one response open and writes each message into it as it comes (RFC 6202
// section 3). Up: POST. Down: Server-Sent Events, whose Last-Event-ID is the cursor, or NDJSON for
// "Accept: application/x-ndjson". A comment, or an empty line, is the heartbeat. After about ten
// minutes the server ends the response, and the client asks again at its cursor.
package streaming

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/push"
)

// rotation is how long a response lasts, give or take a tenth.
const rotation = 10 * time.Minute

type transport struct {
	o      transports.Options
	accept string
}

// New returns the transport; its client asks for Server-Sent Events.
func New(o transports.Options) transports.Transport {
	return transport{o.WithDefaults(), "text/event-stream"}
}

// NewNDJSON returns the transport with a client that asks for NDJSON.
func NewNDJSON(o transports.Options) transports.Transport {
	return transport{o.WithDefaults(), "application/x-ndjson"}
}

func (transport) Info() transports.Info {
	return transports.Info{Name: "streaming", Title: "Streaming (SSE)", Push: true, Carriers: []string{"h1", "h1tls", "h2c", "h2"}}
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	sessions := push.NewServer(log, t.o, false)
	e.Drain = sessions.Shutdown
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		if id := r.Header.Get("Last-Event-ID"); id != "" {
			c, err := transports.ParseCursor(id)
			if err != nil {
				return err
			}
			after = c
		}
		// A gap, or a store that is away, must be told before the status: afterwards only in band.
		if _, err := log.Read(r.Context(), topic, after, 1); err != nil {
			return err
		}
		f := framing{ndjson: strings.Contains(r.Header.Get("Accept"), "application/x-ndjson")}
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		if f.ndjson {
			h.Set("Content-Type", "application/x-ndjson")
		}
		endpoint.NoStore(h, true)
		if r.Method == http.MethodHead {
			return nil
		}
		if _, can := w.(http.Hijacker); can && r.ProtoAtLeast(1, 1) && r.ProtoMajor == 1 {
			return takeOver(w, sessions, f, topic, after)
		}
		return respond(w, r, sessions, f, topic, after)
	}
	return e
}

// takeOver writes the response to the connection itself: an idle stream then costs neither the
// handler's goroutine nor the server's buffers.
func takeOver(w http.ResponseWriter, sessions *push.Server, f framing, topic string, after transports.Cursor) error {
	f.chunked = true
	s, err := sessions.Open(topic)
	if err != nil {
		return err
	}
	conn, head, err := push.TakeOver(w)
	if err != nil {
		s.Done()
		return err
	}
	s.Attach(&push.ConnWriter{Conn: conn}, f)
	s.Rotate(rotation*9/10+rand.N(rotation/5), errRotate)
	s.Subscribe(after, f.Open(head))
	s.Start()
	go s.Watch(conn) // ends with the connection
	return nil
}

// respond writes the response through HTTP's own writer, in the handler's goroutine.
func respond(w http.ResponseWriter, r *http.Request, sessions *push.Server, f framing, topic string, after transports.Cursor) error {
	s, err := sessions.Open(topic)
	if err != nil {
		return err
	}
	defer s.Done()
	s.Attach(push.ResponseWriter{W: w}, f)
	s.InLoop()
	s.Rotate(rotation*9/10+rand.N(rotation/5), errRotate)
	s.Subscribe(after, f.Open(nil))
	s.Start()
	s.Loop(r.Context())
	return nil
}
