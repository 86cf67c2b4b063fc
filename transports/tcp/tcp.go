// Package tcp is a floor: the same log and guarantees over a bare TCP connection with frames of four
// bytes of length, the highest bit telling binary from text. HTTP serves for the first request alone,
// which is upgraded to "transportlab-tcp", so that the floor runs on the port and behind the meters of
// the transports that are compared with it.
package tcp

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/duplex"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/pull"
	"transportlab/transports/internal/push"
	"transportlab/transports/internal/wire"
)

const (
	protocol  = "transportlab-tcp"
	clientMax = 64 << 20 // of a frame, at the client
)

type transport struct{ o transports.Options }

// New returns the transport.
func New(o transports.Options) transports.Transport { return transport{o.WithDefaults()} }

func (transport) Info() transports.Info {
	return transports.Info{Name: "tcp", Title: "Raw TCP", Push: true, Floor: true, Carriers: []string{"h1"}}
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	sessions := push.NewServer(log, t.o, true)
	e.Drain = sessions.Shutdown
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		if r.Header.Get("Upgrade") != protocol {
			w.Header().Set("Upgrade", protocol)
			return &transports.Error{Code: "upgrade", Status: http.StatusUpgradeRequired, Message: "this endpoint speaks " + protocol + " only"}
		}
		later := r.URL.Query().Get("subscribe") == "later"
		s, err := sessions.Open(topic)
		if err != nil {
			return err
		}
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", protocol)
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			s.Done()
			return nil // the status has been written; there is nothing left to say it with
		}
		c.SetDeadline(time.Time{})
		s.Attach(&push.ConnWriter{Conn: c}, duplex.Framing{})
		l := &duplex.Loop{Log: log, Options: t.o, Topic: topic, Session: s, Frame: duplex.Framing{}.Text}
		s.Extra = l.Answers
		if !later {
			l.Subscribe(after, nil)
		}
		s.Start()
		go func() { // ends with the connection
			defer s.Done()
			l.Run(context.Background(), &reader{r: rw.Reader, most: duplex.FrameLimit(t.o)})
		}()
		return nil
	}
	return e
}

// A reader reads frames of at most so many bytes.
type reader struct {
	r    *bufio.Reader
	most int
	buf  []byte
}

func (r *reader) ReadMessage() (p []byte, isBinary bool, err error) {
	var head [duplex.HeadSize]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return nil, false, err
	}
	n, isBinary := duplex.FrameHead(head[:])
	if n > r.most {
		return nil, false, transports.ErrTooLarge
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	p = r.buf[:n]
	_, err = io.ReadFull(r.r, p)
	return p, isBinary, err
}

func (r *reader) Buffered() bool {
	if r.r.Buffered() < duplex.HeadSize {
		return false
	}
	head, _ := r.r.Peek(duplex.HeadSize)
	n, _ := duplex.FrameHead(head)
	return r.r.Buffered()-duplex.HeadSize >= n
}

func (r *reader) Await() error {
	_, err := r.r.Peek(1)
	return err
}

func (r *reader) Read(p []byte) (int, error) { return r.r.Read(p) }

// A frameConn is the client's side.
type frameConn struct {
	reader
	conn io.ReadWriteCloser
	mu   sync.Mutex
	out  []byte
}

func (c *frameConn) ReadFrame() (p []byte, isBinary bool, err error) {
	for {
		c.buf = nil // the last frame's memory went to the caller
		p, isBinary, err = c.ReadMessage()
		if err != nil || len(p) > 0 {
			return p, isBinary, err
		}
		if err := c.WriteFrame(nil, false); err != nil { // an empty frame is a heartbeat
			return nil, false, err
		}
	}
}

func (c *frameConn) WriteFrame(p []byte, isBinary bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = duplex.AppendFrame(c.out[:0], p, isBinary)
	_, err := c.conn.Write(c.out)
	return err
}

func (c *frameConn) Close() error { return c.conn.Close() }

func (t transport) Dial(ctx context.Context, target transports.Target) (transports.Conn, error) {
	if err := transports.CheckTopic(target.Topic); err != nil {
		return nil, err
	}
	r, err := pull.Request(ctx, http.MethodGet, pull.URL(target, transports.Cursor{})+"?subscribe=later", nil, target.Header)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", protocol)
	resp, err := pull.Client(target).Do(r)
	if err != nil {
		return nil, err
	}
	body, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		defer resp.Body.Close()
		return nil, wire.ReadError(resp, target.After)
	}
	c := &frameConn{conn: body, reader: reader{r: bufio.NewReader(body), most: clientMax}}
	return duplex.NewClient(c, t.o, target), nil
}
